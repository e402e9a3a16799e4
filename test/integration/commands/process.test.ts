import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { terminal } from '../../support/terminal.ts'
import { runAt, wa } from '../../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'
import { session } from '../../support/fake-methods.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const run = (...args: string[]) => runAt(daemon, args)

describe('asking a person', () => {
  const answer = async (typed: string) => {
    const { context, stdin, stdout, stderr } = terminal({
      env: { WA_GATEWAY_SOCKET: daemon.socketPath },
      canAsk: true,
    })
    stdin.end(`${typed}\n`)
    const status = await main(['session', 'logout', 'anna'], context)
    return { status, stdout: stdout(), stderr: stderr() }
  }

  test('goes on when the name is typed', async () => {
    const { status, stdout, stderr } = await answer('anna')
    expect(stderr).toMatch(/Unlinking anna from its phone\. Type anna to go on: /)
    expect([status, stdout]).toEqual([0, 'anna is unlinked\n'])
  })

  test('does nothing for anything else', async () => {
    const { status, stderr } = await answer('yes')
    expect(stderr).toMatch(/'yes' is not 'anna': nothing was done/)
    expect([status, daemon.calls]).toEqual([2, []])
  })
})

describe('around it', () => {
  test('an older Node is told plainly, exit 78', async () => {
    const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'20.11.1'}})`
    const aged = await wa(['status'], { NODE_OPTIONS: `--import=${encodeURI(old)}` })
    expect(aged.exitCode).toBe(78)
    expect(aged.stderr).toMatch(/needs Node 24 or newer, this is 20\.11\.1\ntry: /)
  })

  test('a daemon of another version is pointed out, the result still comes', async () => {
    await using newer = await startFakeDaemon('9.9.9')
    const { stdout, stderr, exitCode } = await run('session', 'list', '--socket', newer.socketPath)
    expect(stderr).toMatch(/warning: the daemon runs version 9\.9\.9/)
    expect(stdout).toMatch(/anna/)
    expect(exitCode).toBe(0)
  })

  test('a reader that leaves early makes no noise', async () => {
    for (let n = 0; n < 2_000; n++) daemon.sessions.set(`s${n}`, session(`s${n}`))
    const child = wa(['session', 'list'], { WA_GATEWAY_SOCKET: daemon.socketPath })
    child.stdout?.destroy()
    const { stderr } = await child
    expect(stderr).not.toMatch(/EPIPE|at .*\.js/)
  })

  test('names from elsewhere cannot steer the terminal', async () => {
    daemon.sessions.set('eve', session('eve', { name: '\u001b[2Jowned\u0007' }))
    const { stdout } = await run('session', 'list')
    expect(stdout).toContain('[2Jowned')
    for (const control of ['\u0007', '\u001b']) expect(stdout).not.toContain(control)
  })

  test('the socket is found as the daemon`s configuration has it, wrong elsewhere or not', async () => {
    const env = { WA_GATEWAY_CONFIG: join(daemon.dir, 'rc.yaml') }
    await writeFile(
      env.WA_GATEWAY_CONFIG,
      `socket: ${daemon.socketPath}\nlog:\n  level: nonsense\n`,
    )
    expect((await wa(['status'], env)).exitCode).toBe(0)
    const missing = await wa(['status'], { WA_GATEWAY_CONFIG: '/nowhere.yaml' })
    expect(missing.exitCode).toBe(78)
    expect(missing.stderr).toMatch(/nowhere/)
  })
})

test('the simulator says where it is and ends on Ctrl-C', async () => {
  const child = wa(['simulator', '--json'], {})
  const first = await new Promise<string>((told) =>
    child.stdout?.once('data', (chunk: Buffer) => told(String(chunk))),
  )
  const said = JSON.parse(first) as { url: string; root: string; control: string }
  expect(said.url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\//)
  expect(said.root).toMatch(/^[0-9a-f]{64,66}$/)
  expect((await fetch(said.control)).status).toBe(200)
  child.kill('SIGINT')
  expect((await child).exitCode).toBe(0)
})

test('a wrong configuration stops the daemon command with 78', async () => {
  const { stderr, exitCode } = await wa(['daemon', '--recovery-timeout', 'soon'], {
    WA_GATEWAY_STATE_DIR: daemon.dir,
  })
  expect(exitCode).toBe(78)
  expect(stderr).toMatch(/SESSION_RECOVERY_TIMEOUT[^]*soon[^]*--recovery-timeout/)
})
