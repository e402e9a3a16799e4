import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GatewayError, type ErrorCode } from '../../../src/session/errors.ts'
import { runAt, wa } from '../../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const run = (...args: string[]) => runAt(daemon, args)

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
