import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { GatewayProcess } from '../support/gateway.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage, type Stage } from '../support/stage.ts'

const SESSIONS = 40
const RATE = 10
const CONCURRENCY = 5

async function fleet(): Promise<Stage> {
  const stage = await openStage({
    sessions: SESSIONS,
    env: {
      WA_GATEWAY_LOGIN_RATE: String(RATE),
      WA_GATEWAY_RECOVERY_CONCURRENCY: String(CONCURRENCY),
      SESSION_RECOVERY_RETRY_DELAY: '2000',
    },
  })
  await stage.adoptAll()
  return stage
}

/** Waits until everybody waits for one end, and so many have tried in vain whether it is back. */
async function untilPaused(gateway: GatewayProcess, outage: 'whatsapp' | 'store', probes: number) {
  return gateway.eventually(`${outage} to be found away`, async () => {
    const { recovery } = await gateway.client.call('status', {})
    return recovery.paused.find((pause) => pause.outage === outage && pause.probes >= probes)
  })
}

async function untilNothingIsPaused(gateway: GatewayProcess): Promise<void> {
  await gateway.eventually('nothing to be paused', async () => {
    const { recovery } = await gateway.client.call('status', {})
    return recovery.paused.length === 0 ? true : undefined
  })
}

/** Logins that were under way come on top of what a second may begin. */
function expectPaced(stage: Stage): void {
  expect(stage.peakLogins()).toBeLessThanOrEqual(RATE + CONCURRENCY)
}

test('WhatsApp is away when the worker starts: all wait, and come back at their pace', async () => {
  const stage = await fleet()
  await stage.simulator.inject({ kind: 'refuse' })
  const gateway = stage.spawn()
  expect(await untilPaused(gateway, 'whatsapp', 2)).toMatchObject({ cause: 'unreachable' })
  const page = await stage.run('status')
  expect(page.stdout).toMatch(/^PAUSED +all logins for/m)
  const why = await stage.run('status', '--why', stage.ids.at(-1) ?? '')
  expect(why.stdout).toMatch(/^retries +when WhatsApp is back/m)

  await stage.simulator.clearFaults()
  await gateway.untilOnline(stage.ids)
  await untilNothingIsPaused(gateway)
  const { recovery } = await gateway.untilRunning()
  // Nobody has used up its attempts on an outage.
  expect(recovery).toMatchObject({ recovered: SESSIONS, failed: 0, skipped: 0 })
  for (const id of stage.ids) expect([id, stage.loginsOf(id)]).toEqual([id, 1])
  expectPaced(stage)
  await stage.exchange('after', stage.ids.slice(0, 5))
  stage.expectNoHarm({ pairings: 1 })
}, 180_000)

test('WhatsApp goes away in the middle of a start: nobody hammers it, nobody is lost', async () => {
  const stage = await fleet()
  const { simulator } = stage
  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids.slice(0, 20))
  await simulator.inject({ kind: 'failure', reason: 503, times: 'always' })
  await simulator.inject({ kind: 'stream-error', code: 503, when: 'now' })
  await untilPaused(gateway, 'whatsapp', 3)
  // Some to notice, and then one after another.
  expect(simulator.report().connections.rejectedLogins).toBeLessThan(SESSIONS / 2)

  await simulator.clearFaults()
  await gateway.untilOnline(stage.ids)
  await untilNothingIsPaused(gateway)
  expectPaced(stage)
  await stage.exchange('after', stage.ids.slice(0, 5))
  stage.expectNoHarm({ pairings: 1 })
}, 180_000)

test('sessions that are dropped all at once come back at their pace', async () => {
  const stage = await fleet()
  const gateway = await stage.startOnline()
  const before = stage.simulator.report().connections.logins
  await stage.simulator.inject({ kind: 'drop', when: 'now' })
  await gateway.eventually('all to log in again', async () =>
    stage.simulator.report().connections.logins >= before + SESSIONS ? true : undefined,
  )
  await gateway.untilOnline(stage.ids)
  expectPaced(stage)
  const { tried } = await stage.view(stage.ids[0] ?? '')
  expect(tried.map(({ what, outcome }) => `${what} ${outcome}`)).toEqual([
    'login online',
    'online failed',
    'login online',
  ])
  stage.expectNoHarm({ pairings: 1 })
}, 180_000)

test('the object store goes away as the sessions are fetched: they wait, and come back', async () => {
  const { stage, s3 } = await openS3Stage(5, {
    LOG_LEVEL: 'info',
    SESSION_RECOVERY_STARTUP_DELAY: '3000',
    SESSION_RECOVERY_RETRY_DELAY: '2000',
  })
  await stage.startPaired()
  await stage.exchange('before')
  expect(await stage.gateway.stop()).toBe(0)
  // The auth state is lost; the registry remembers whose sessions these are.
  for (const name of await readdir(stage.stateDir))
    if (name.startsWith('state.db')) await rm(join(stage.stateDir, name))

  const gateway = stage.spawn()
  await gateway.eventually('the recovery to be near', async () => {
    const { phase } = await gateway.client.call('status', {})
    return phase === 'recovering' ? true : undefined
  })
  s3.faults.inject({ fault: { kind: 'reset' } })
  expect(await untilPaused(gateway, 'store', 1)).toMatchObject({ cause: 'store-unavailable' })
  expect((await stage.run('status')).stdout).toMatch(/^PAUSED +all restores for/m)
  s3.faults.clear()
  await gateway.untilOnline(stage.ids)
  await untilNothingIsPaused(gateway)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 180_000)

test('a session that is refused says why, what was tried and what to do; the log says so too', async () => {
  const stage = await openStage()
  const [id = '', other = ''] = stage.ids
  await stage.startPaired()
  const user = stage.phoneOf(id)
  await stage.simulator.inject({ kind: 'failure', reason: 403, user, times: 'always' })
  await stage.simulator.inject({ kind: 'drop', user, when: 'now' })
  await stage.untilState(id, 'banned')
  const { stdout } = await stage.run('status', '--why', id)
  expect(stdout).toMatch(/^cause +banned$/m)
  expect(stdout).toMatch(/^next +open WhatsApp on the phone/m)
  expect(stdout).toMatch(/ago +online .* lost /m)
  expect(stdout).toMatch(/ago +login .* failed .*\(403\)/m)
  expect(stdout).not.toMatch(/^retries/m)
  const alerts = stage.gateway.output
    .split('\n')
    .filter((line) => line.includes('WhatsApp refuses this account: the session stays banned'))
  expect(alerts).toHaveLength(1)
  expect(alerts[0]).toContain(id)
  expect((await stage.view(other)).session.state).toBe('online')
  stage.expectNoHarm()
}, 120_000)
