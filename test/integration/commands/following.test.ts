import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'
import { session } from '../../support/fake-methods.ts'
import { eventually } from '../../support/gateway.ts'
import { wa } from '../../support/cli.ts'
import { terminal } from '../../support/terminal.ts'

let dir: string
let daemon: FakeDaemon
/** Always at the same socket, after another one too. */
const appear = () => startFakeDaemon(undefined, undefined, join(dir, 'control.sock'))
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-following-'))
  daemon = await appear()
})
afterEach(async () => {
  await daemon.close()
  await rm(dir, { recursive: true, force: true })
})

const start = (...args: string[]) => wa(args, { WA_GATEWAY_SOCKET: daemon.socketPath })
const run = async (...args: string[]) => {
  const { stdout, stderr, exitCode } = await start(...args)
  return { stdout: String(stdout), stderr: String(stderr), exitCode }
}

describe('logs', () => {
  test('shows the newest lines and ends', async () => {
    expect(await run('logs')).toEqual({
      stdout:
        '2025-06-01 12:00:00 UTC info  wa-gateway starts pid=4242\n' +
        '2025-06-01 12:00:01 UTC WARN  the login failed: code 401 session=ben\n',
      stderr: '',
      exitCode: 0,
    })
  })

  test('passes on what is asked for', async () => {
    const { stdout } = await run('logs', '--session', 'ben', '-n', '7', '--level', 'warn', '--json')
    expect(stdout.split('\n').map((line) => line && JSON.parse(line))).toMatchObject([
      { type: 'line', session: 'ben', level: 'warn' },
      { type: 'end' },
      '',
    ])
    expect(daemon.calls).toEqual([
      { method: 'logs', input: { session: 'ben', lines: 7, level: 'warn' } },
    ])
    expect((await run('logs', '--level', 'loud')).exitCode).toBe(2)
  })

  test('--follow ends with 130 on Ctrl-C, without words', async () => {
    const child = start('logs', '--follow')
    await new Promise((first) => child.stdout?.once('data', first))
    child.kill('SIGINT')
    expect(await child).toMatchObject({ exitCode: 130, stderr: '' })
  })
})

describe('events', () => {
  test('says what happens', async () => {
    daemon.methods.events = async (_, { emit }) => {
      emit({ type: 'message', sessionId: 'anna', id: '1', from: '49@x', text: 'hi', at: 0 })
      emit({ type: 'session', view: session('ben', { state: 'failed', cause: 'timeout' }) })
      emit({ type: 'recovery', event: { type: 'begin', total: 2 } })
    }
    const { stdout, exitCode } = await run('events')
    expect(stdout).toMatch(
      /^1970-01-01 00:00:00 UTC anna message from 49@x: hi\n.* ben is failed: .*\n.* recovery: recovering 2 sessions…\n$/,
    )
    expect(exitCode).toBe(0)
  })

  test('ends with 6 when the daemon goes away', async () => {
    const child = start('events')
    await new Promise((first) => child.stdout?.once('data', first))
    await daemon.close()
    const { exitCode, stderr } = await child
    expect(exitCode).toBe(6)
    expect(stderr).toMatch(/the daemon is stopping/)
  })

  test('--follow waits for the daemon to come back', async () => {
    let asked = 0
    daemon.methods.events = async (_, { emit, signal }) => {
      asked++
      emit({ type: 'session', view: session(`number-${asked}`) })
      // As a daemon that is killed would leave it.
      if (asked === 1) throw Object.assign(new Error('gone'), {})
      await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
    }
    const once = await run('events', '--follow')
    expect(once.exitCode).toBe(1)

    const child = start('events', '--follow')
    let seen = ''
    child.stdout?.on('data', (text: Buffer) => (seen += String(text)))
    await eventually('the first', () => seen.includes('number-2') || undefined)
    await daemon.close()
    daemon = await appear()
    await eventually('the first of the next daemon', () => seen.includes('anna') || undefined)
    child.kill('SIGINT')
    const { exitCode, stderr } = await child
    expect(exitCode).toBe(130)
    expect(stderr).toBe('the daemon went away; waiting for it\n')
  })
})

describe('wait', () => {
  test('a person at the terminal is told what is waited for, once', async () => {
    const stop = new AbortController()
    const { context, stderr } = terminal({
      env: { WA_GATEWAY_SOCKET: daemon.socketPath },
      signal: stop.signal,
    })
    Object.assign(context.stderr, { isTTY: true })
    const waiting = main(['wait', '--for', 'session=nobody:online'], context)
    await eventually('the third look', () => daemon.calls.length > 2 || undefined)
    stop.abort(new GatewayError({ code: 'interrupted', message: 'enough' }))
    expect(await waiting).toBe(130)
    expect(stderr().match(/^waiting: there is no session nobody$/gm)).toHaveLength(1)
  })

  test('ends when everything holds', async () => {
    const { stdout, exitCode } = await run('wait', '--for', 'ready', '--for', 'session=anna:online')
    expect(stdout).toBe('ready and session=anna:online: met\n')
    expect(exitCode).toBe(0)
  })

  test('waits until it does', async () => {
    const child = start('wait', '--for', 'session=ben', '--json')
    await eventually('it to ask', () => daemon.calls.length > 0 || undefined)
    daemon.sessions.set('ben', session('ben'))
    expect(await child).toMatchObject({ exitCode: 0, stdout: '{"met":["session=ben"]}\n' })
  })

  test('waits for a daemon that does not run yet', async () => {
    await daemon.close()
    const child = start('wait', '--for', 'ready')
    daemon = await appear()
    expect((await child).exitCode).toBe(0)
  })

  test('says after --timeout how it stands, with 7', async () => {
    const { stderr, exitCode } = await run('wait', '--for', 'session=ben:online', '--timeout', '1')
    expect(exitCode).toBe(7)
    expect(stderr).toMatch(/ben is needs-pairing \(logged-out\)/)
  })

  test('refuses what it cannot wait for', async () => {
    for (const word of ['rain', 'session=anna:happy', 'session=:online']) {
      const { stderr, exitCode } = await run('wait', '--for', word)
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/try: write --for ready/)
    }
  })
})
