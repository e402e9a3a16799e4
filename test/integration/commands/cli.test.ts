import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError, type ErrorCode } from '../../../src/session/errors.ts'
import { main } from '../../../commands/main.ts'
import { terminal } from '../../support/terminal.ts'
import { wa } from '../../support/cli.ts'
import { session, startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const run = async (...args: string[]) => {
  const { stdout, stderr, exitCode } = await wa(args, { WA_GATEWAY_SOCKET: daemon.socketPath })
  return { stdout: String(stdout), stderr: String(stderr), exitCode }
}
const lines = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type?: string })

describe('for a person', () => {
  test.each<[string, number, RegExp]>([
    ['status', 0, /worker-one, running[^]*no off-host copy[^]*anna +online[^]*ben +needs-pairing/],
    ['status --why ben', 0, /the phone unlinked this device[^]*next +run `wa-gateway session pair/],
    ['session list', 0, /SESSION +STATE[^]*anna +online/],
    ['session show anna', 0, /owner +worker-one \(this one\), holds it, epoch 2\nbackups +1/],
    ['session pause anna', 0, /anna is paused/],
    ['session resume anna', 0, /anna connects again/],
    ['session send anna +49-170-1234567 hello', 0, /sent 3EB0AA/],
    ['session pair carl', 0, /▄[^]*Linked devices[^]*carl is paired and online\n$/],
    ['session pair carl --code +491701234567', 0, /ABCD-1234[^]*carl is paired and online\n$/],
    ['session logout anna --confirm=anna', 0, /anna is unlinked/],
    ['session remove ben --confirm ben', 0, /ben is removed/],
    ['recover --session anna', 0, /anna +recovered +warm +1\.0 s/],
    ['preserve --session anna', 0, /anna +stored +2-40 +47\.1 KiB/],
    ['backup create --session anna', 0, /anna +stored +2-40/],
    ['backup list --session anna', 0, /anna +2-40 +2025-06-01 12:00:00 UTC/],
    ['backup restore --session anna --from 2-40 --confirm anna', 0, /back at 2-40, as epoch 3/],
  ])('%s', async (line, status, text) => {
    const { stdout, exitCode } = await run(...line.split(' '))
    expect(stdout).toMatch(text)
    expect(exitCode).toBe(status)
  })

  test('arguments reach the daemon as it wants them', async () => {
    await run('session', 'send', 'anna', '+49 (170) 12.34-567', 'hello world')
    await run('session', 'pair', 'carl', '--code', '+49 170 1234567', '--name', 'Carl')
    await run('recover', '--session', 'anna', '--session', 'ben', '--take-over')
    await run('session', 'pair', 'carl', '--timeout', '90')
    expect(daemon.calls).toEqual([
      {
        method: 'session.send',
        input: { session: 'anna', to: '491701234567', text: 'hello world' },
      },
      { method: 'session.pair', input: { session: 'carl', phone: '491701234567', name: 'Carl' } },
      { method: 'recover', input: { sessions: ['anna', 'ben'], takeOver: true } },
      { method: 'session.pair', input: { session: 'carl', timeoutMs: 90_000 } },
    ])
  })
})

describe('--json', () => {
  test.each<[string, object]>([
    [
      'status',
      { worker: 'worker-one', sessions: [{ id: 'anna', state: 'online' }, { id: 'ben' }] },
    ],
    ['status --why ben', { session: { id: 'ben', cause: 'logged-out' } }],
    ['session list', { sessions: [{ id: 'anna' }, { id: 'ben' }] }],
    ['session show anna', { session: { id: 'anna' }, backups: 1 }],
    ['session pause anna', { session: { id: 'anna', state: 'closed' } }],
    ['session send anna 4917012 hello', { messageId: '3EB0AA', status: 'sent' }],
    ['session logout anna --confirm=anna', { id: 'anna', unlinked: true }],
    ['session remove ben --confirm=ben', { id: 'ben', unlinked: false }],
    ['backup list', { backups: [{ sessionId: 'anna' }, { sessionId: 'ben' }] }],
    ['backup restore --session anna --from 2-40 --confirm=anna', { id: 'anna', epoch: 3, seq: 41 }],
  ])('%s prints one object', async (line, expected) => {
    const { stdout, stderr, exitCode } = await run(...line.split(' '), '--json')
    expect(lines(stdout)).toHaveLength(1)
    expect(lines(stdout)[0]).toMatchObject(expected)
    expect([stderr, exitCode]).toEqual(['', 0])
  })

  test('session pair prints exactly the QR codes and the result', async () => {
    const { stdout } = await run('session', 'pair', 'carl', '--json')
    expect(stdout).toBe(
      '{"type":"qr","qr":"2@first"}\n' +
        '{"type":"qr","qr":"2@second"}\n' +
        '{"type":"result","outcome":"paired","phone":"491709999999"}\n',
    )
    const code = await run('session', 'pair', 'carl', '--json', '--code', '491701234567')
    expect(code.stdout).toBe(
      '{"type":"code","code":"ABCD1234"}\n{"type":"result","outcome":"paired","phone":"491701234567"}\n',
    )
  })

  test('recover, preserve and backup create print an event a line', async () => {
    const recovery = lines((await run('recover', '--all', '--json')).stdout)
    expect(recovery.map((e) => e.type)).toEqual(['begin', 'settled', 'settled', 'end'])
    const preserved = lines((await run('preserve', '--all', '--json')).stdout)
    expect(preserved.map((e) => e.type)).toEqual(['preserved', 'preserved', 'end'])
    const backup = lines((await run('backup', 'create', '--all', '--json')).stdout)
    expect(backup.map((e) => e.type)).toEqual(['backup', 'backup', 'end'])
  })

  test('an error is one object on stderr', async () => {
    const { stdout, stderr, exitCode } = await run('--json', 'session', 'show', 'nobody')
    expect([stdout, exitCode]).toEqual(['', 5])
    expect(lines(stderr)).toMatchObject([{ error: { code: 'session.unknown', subject: 'nobody' } }])
  })
})

describe('exit status', () => {
  test('3 when some failed, naming them and what to do', async () => {
    const { stderr, exitCode } = await run('recover', '--all')
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(
      /1 of 2 failed:\n {2}ben: .*\n {4}try: run `wa-gateway session pair ben`/,
    )
    expect((await run('preserve', '--all')).exitCode).toBe(3)
    const json = await run('recover', '--all', '--json')
    expect(json.exitCode).toBe(3)
    expect(json.stderr).toMatch(/ben/)
  })

  test('10 when the only one needs its phone', async () => {
    expect((await run('recover', '--session', 'ben')).exitCode).toBe(10)
  })

  test('5 for what is not there', async () => {
    expect((await run('session', 'pause', 'nobody')).exitCode).toBe(5)
    const restore = ['backup', 'restore', '--session', 'anna', '--from', '9-9', '--confirm=anna']
    expect((await run(...restore)).exitCode).toBe(5)
  })

  test('6 when no daemon runs, saying where and how to start one', async () => {
    const socket = join(daemon.dir, 'none.sock')
    const { stderr, exitCode } = await run('status', '--socket', socket)
    expect(exitCode).toBe(6)
    expect(stderr).toContain(socket)
    expect(stderr).toMatch(/try: start it with `wa-gateway daemon`/)
  })

  test.each<[ErrorCode, number]>([
    ['internal', 1],
    ['store.denied', 4],
    ['session.busy', 9],
    ['session.needs-pairing', 10],
    ['replica.damaged', 11],
    ['replica.stale', 12],
    ['session.timeout', 7],
  ])('of the daemon`s error %s is %i', async (code, status) => {
    daemon.methods['session.pause'] = async () => {
      throw new GatewayError({ code, message: 'it went wrong', hint: 'look closer' })
    }
    const { stderr, exitCode } = await run('session', 'pause', 'anna')
    expect(stderr).toBe('error: it went wrong\ntry: look closer\n')
    expect(exitCode).toBe(status)
  })

  test('2 without a confirmation where nobody can be asked, or with a wrong one', async () => {
    for (const args of [
      ['logout', 'anna'],
      ['remove', 'anna', '--confirm=ben'],
    ]) {
      const { stderr, exitCode } = await run('session', ...args)
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/try: add --confirm=anna/)
    }
    expect(daemon.calls).toEqual([])
  })

  test('7 after --timeout; the operation goes on', async () => {
    const finish = Promise.withResolvers<void>()
    const finished = Promise.withResolvers<void>()
    daemon.methods.recover = async (_, { emit }) => {
      emit({ type: 'begin', total: 1 })
      await finish.promise
      emit({ type: 'end', results: [] })
      finished.resolve()
    }
    const { stderr, exitCode } = await run('recover', '--all', '--timeout', '0.3')
    expect(exitCode).toBe(7)
    expect(stderr).toMatch(/no result within 0.3 s; what the daemon had begun goes on/)
    finish.resolve()
    await finished.promise
  })

  test('130 after Ctrl-C; the operation goes on', async () => {
    const gone = Promise.withResolvers<void>()
    daemon.methods.recover = async (_, { emit, signal }) => {
      emit({ type: 'begin', total: 2 })
      await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
      emit({ type: 'end', results: [] })
      gone.resolve()
    }
    const child = wa(['recover', '--all', '--json'], { WA_GATEWAY_SOCKET: daemon.socketPath })
    await new Promise((begun) => child.stdout?.once('data', begun))
    child.kill('SIGINT')
    const { exitCode, stderr } = await child
    expect(exitCode).toBe(130)
    expect(stderr).toMatch(/what the daemon had begun goes on/)
    await gone.promise
  })
})

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
