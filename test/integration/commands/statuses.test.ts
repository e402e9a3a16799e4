import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CODES, EXIT, GatewayError, type ErrorCode } from '../../../src/session/errors.ts'
import { codesOf } from '../../../src/session/exit-words.ts'
import { wa } from '../../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'

let daemon: FakeDaemon
let dir: string
beforeEach(async () => {
  daemon = await startFakeDaemon()
  dir = await mkdtemp(join(tmpdir(), 'wa-statuses-'))
})
afterEach(async () => {
  await daemon.close()
  await rm(dir, { recursive: true, force: true })
})

const env = () => ({ WA_GATEWAY_SOCKET: daemon.socketPath, WA_GATEWAY_STATE_DIR: dir })
const run = async (line: string, more: Record<string, string> = {}) =>
  (await wa(line.split(' '), { ...env(), ...more })).exitCode

/** The daemon answers with an error of this code. */
const refused = (code: ErrorCode) => async () => {
  daemon.methods['session.resume'] = async () => {
    throw new GatewayError({ code, message: 'it was refused' })
  }
  return run('session resume anna')
}

/** How the real program comes to end with each of the statuses. */
const SCENARIOS: Record<keyof typeof EXIT, () => Promise<number | undefined>> = {
  ok: () => run('session list'),
  failed: () => run('session send ben 4917012 hello'),
  usage: () => run('session lost'),
  partial: () => run('recover --all'),
  permission: refused('store.denied'),
  notFound: () => run('session show nobody'),
  unreachable: () => run('status', { WA_GATEWAY_SOCKET: join(dir, 'none') }),
  timedOut: () => run('wait --for session=ben:online --timeout 0.3'),
  // A second daemon on the socket of the first.
  busy: () => run('daemon'),
  personNeeded: () => run('recover --session ben'),
  integrity: () => run('backup verify --all'),
  stale: refused('replica.stale'),
  configuration: () => run('config validate', { LOG_LEVEL: 'loud' }),
  async interrupted() {
    const child = wa(['logs', '--follow'], env())
    await new Promise((first) => child.stdout?.once('data', first))
    child.kill('SIGINT')
    return (await child).exitCode
  },
}

test.each(Object.entries(SCENARIOS))('%s', async (name, scenario) => {
  expect(await scenario()).toBe(EXIT[name as keyof typeof EXIT])
})

test('every status but success, a part of it and what commands find themselves has its errors', () => {
  const without = Object.values(EXIT).filter((status) => codesOf(status).length === 0)
  expect(without).toEqual([EXIT.ok, EXIT.partial])
  const all = Object.values(EXIT).flatMap(codesOf)
  expect(all.toSorted()).toEqual(Object.keys(CODES).toSorted())
})
