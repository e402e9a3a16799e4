import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Environment } from '../support/gateway.ts'
import { openS3Stage, type S3Stage } from '../support/s3-stage.ts'
import { Rival, sendFrom, untilState } from '../support/rival.ts'

async function pairedOverS3(env: Environment = {}): Promise<S3Stage> {
  const { stage, s3 } = await openS3Stage(2, env)
  await stage.startPaired()
  await stage.exchange('before')
  return { stage, s3 }
}

const AWAY = { fault: { kind: 'reset' } } as const

test('sessions run while the store is away at the start, and are claimed when it answers', async () => {
  const { stage, s3 } = await pairedOverS3()
  expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
  s3.faults.inject(AWAY)
  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  const away = await gateway.client.call('status', {})
  expect(away).toMatchObject({ ready: false, store: { healthy: false } })
  expect(away.sessions.map((view) => view.provisional)).toEqual([true, true])
  const page = await stage.run('status')
  expect(page.stdout).toContain('2 provisional until the store answers')
  await stage.exchange('while it is away')

  s3.faults.clear()
  await gateway.untilRunning()
  for (const id of stage.ids) {
    const { session, owner } = await untilState(gateway, id, 'online')
    expect(session.provisional).toBeUndefined()
    expect(owner).toMatchObject({ mine: true, released: false })
    // Once after the pairing, once after the kill: the claim closed nothing.
    expect(stage.loginsOf(id)).toBe(2)
  }
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

/** While the first worker is down, another takes its first session. */
async function takenMeanwhile() {
  const { stage, s3 } = await pairedOverS3()
  const [taken = '', kept = ''] = stage.ids
  expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
  const rival = new Rival(stage)
  const other = await rival.start()
  expect(await rival.run('recover', '--session', taken, '--take-over')).toMatchObject({ status: 0 })
  await sendFrom(stage, other, taken, 'from the one who took it')
  return { stage, s3, taken, kept, other }
}

test('a session that somebody took meanwhile is closed when the store answers', async () => {
  const { stage, s3, taken, kept } = await takenMeanwhile()
  s3.faults.inject(AWAY)
  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  s3.faults.clear()
  const { session } = await untilState(gateway, taken, 'conflict')
  expect(session).toMatchObject({ cause: 'owned-elsewhere' })
  expect(session.provisional).toBeUndefined()
  await gateway.untilRunning()
  await sendFrom(stage, gateway, kept, 'the other one goes on')
  expect(stage.loginsOf(kept)).toBe(2)
  expect(stage.simulator.report().details.unlinks).toEqual([])
}, 120_000)

test('a session that somebody had and gave up goes on from where they left it', async () => {
  const { stage, s3, taken, other } = await takenMeanwhile()
  const before = await other.client.call('session.show', { session: taken })
  expect(await other.stop()).toBe(0)
  s3.faults.inject(AWAY)
  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  s3.faults.clear()
  await gateway.untilRunning()
  await gateway.untilOnline(stage.ids)
  const { session, owner } = await untilState(gateway, taken, 'online')
  expect(owner).toMatchObject({ worker: 'worker-1', mine: true })
  expect(session.provisional).toBeUndefined()
  expect(session.seq).toBeGreaterThanOrEqual(before.session.seq ?? Infinity)
  await stage.exchange('after')
}, 120_000)

test('from an old disk that was put back a session goes on from the store, and that is told', async () => {
  const { stage, s3 } = await pairedOverS3()
  const old = join(stage.dir, 'old')
  expect(await stage.gateway.stop()).toBe(0)
  await cp(stage.stateDir, old, { recursive: true })
  await stage.startOnline()
  await stage.exchange('that the old disk does not know')
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  await cp(old, stage.stateDir, { recursive: true })

  s3.faults.inject(AWAY)
  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  s3.faults.clear()
  await gateway.untilRunning()
  await gateway.untilOnline(stage.ids)
  for (const id of stage.ids) {
    const { session, owner } = await stage.view(id)
    expect(session.provisional).toBeUndefined()
    expect(owner).toMatchObject({ mine: true, released: false })
  }
  expect(gateway.output).toContain('it ran from this disk, which has not the newest state')
  expect(gateway.output).not.toContain('another worker owns')
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('with remote acknowledgement nothing runs before the store answers', async () => {
  const { stage, s3 } = await pairedOverS3({ WA_GATEWAY_ACK: 'remote' })
  expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
  const before = stage.simulator.report().connections.accepted
  s3.faults.inject(AWAY)
  const gateway = stage.spawn()
  await gateway.eventually('the store to be found failing', async () => {
    const { store } = await gateway.client.call('status', {})
    return store.detail === undefined || store.detail === 'not asked yet' ? undefined : true
  })
  expect(stage.simulator.report().connections.accepted).toBe(before)
  s3.faults.clear()
  await gateway.untilOnline(stage.ids)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
