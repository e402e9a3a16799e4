import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'

async function pairedStage(): Promise<{ stage: Stage; id: string; other: string; user: string }> {
  const stage = await openStage()
  const [id = '', other = ''] = stage.ids
  await stage.startPaired()
  return { stage, id, other, user: stage.phoneOf(id) }
}

/** The phone's owner removes the device from the list of linked devices. */
function unlink(stage: Stage, id: string): void {
  const phone = stage.simulator.phone(stage.phoneOf(id))
  for (const device of phone.devices) phone.unlink(device)
}

/** What has to hold for a session that its phone unlinked, and how it is paired again. */
async function expectPairable(stage: Stage, id: string): Promise<void> {
  const { session, owner, next, backups } = await stage.untilState(id, 'needs-pairing')
  expect(session.cause).toBe('logged-out')
  expect(next).toContain(`session pair ${id}`)
  expect(backups).toBeGreaterThan(0)
  const before = await stage.gateway.client.call('backup.list', { session: id })
  const recovered = await stage.run('recover', '--session', id)
  expect(recovered.status).toBe(10)
  expect(recovered.stderr).toContain(`session pair ${id}`)
  stage.expectNoHarm({ unlinks: 1 })

  // A code that nobody scans in time changes nothing: the next one can be had all the same.
  const expired = await stage.run('session', 'pair', id, '--timeout', '1')
  expect(expired.status).toBe(7)
  await stage.untilState(id, 'needs-pairing')

  await stage.pair(id)
  await stage.gateway.untilOnline(stage.ids)
  const after = await stage.view(id)
  expect(after.session.epoch).toBeGreaterThan(session.epoch ?? 0)
  expect(after.owner?.epoch).toBeGreaterThan(owner?.epoch ?? 0)
  expect(after.owner?.seq).toBeGreaterThan(owner?.seq ?? 0)
  const aside = await readdir(join(stage.stateDir, 'quarantine'))
  expect(aside.filter((name) => name.startsWith(id))).toHaveLength(1)
  const { backups: kept } = await stage.gateway.client.call('backup.list', { session: id })
  const ids = kept.map((backup) => backup.id)
  expect(ids).toEqual(expect.arrayContaining(before.backups.map((backup) => backup.id)))
  stage.expectNoHarm({ pairings: stage.ids.length + 1, unlinks: 1, unscanned: 1 })
}

describe('401: the phone unlinked the device', () => {
  test('while it runs', async () => {
    const { stage, id } = await pairedStage()
    await stage.exchange('before')
    unlink(stage, id)
    await expectPairable(stage, id)
    await stage.exchange('after')
    expect(await stage.gateway.stop()).toBe(0)
    await stage.wipe()
    await stage.startOnline()
    await stage.exchange('after the wipe')
  }, 120_000)

  test('while it was stopped', async () => {
    const { stage, id, other } = await pairedStage()
    expect(await stage.gateway.stop()).toBe(0)
    unlink(stage, id)
    await stage.startOnline({}, [other])
    await expectPairable(stage, id)
    await stage.exchange('after')
  }, 120_000)
})

test('403: the session is banned, is tried no more by itself and comes back when that is over', async () => {
  const { stage, id, other, user } = await pairedStage()
  await stage.simulator.inject({ kind: 'failure', reason: 403, user, times: 'always' })
  await stage.simulator.inject({ kind: 'drop', user, when: 'now' })
  const { session, next } = await stage.untilState(id, 'banned')
  expect(session.cause).toBe('banned')
  expect(next).toContain('on the phone')
  expect((await stage.run('recover', '--session', id)).status).toBe(10)
  expect((await stage.view(other)).session.state).toBe('online')
  await stage.simulator.clearFaults()
  expect((await stage.run('recover', '--session', id)).status).toBe(0)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('440: who opened the account elsewhere is not fought with', async () => {
  const { stage, id, user } = await pairedStage()
  const logins = stage.loginsOf(id)
  await stage.simulator.inject({ kind: 'conflict', user, when: 'now' })
  const { session, next } = await stage.untilState(id, 'conflict')
  expect(session.cause).toBe('replaced')
  expect(next).toContain(`recover --session ${id}`)
  await stage.exchange('meanwhile', stage.ids.slice(1))
  expect(stage.loginsOf(id)).toBe(logins)
  expect((await stage.view(id)).session.state).toBe('conflict')
  expect((await stage.run('recover', '--session', id)).status).toBe(0)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('503, dropped and refused connections: sessions reconnect by themselves', async () => {
  const { stage, user } = await pairedStage()
  const { gateway, simulator } = stage
  const loggedIn = () => simulator.report().connections.logins
  const untilAgain = async (before: number) => {
    await eventually('both to log in again', () => loggedIn() >= before + 2 || undefined)
    await gateway.untilOnline(stage.ids)
  }
  let before = loggedIn()
  await simulator.inject({ kind: 'failure', reason: 503, user, times: 1 })
  await simulator.inject({ kind: 'drop', when: 'now' })
  await untilAgain(before)
  await stage.exchange('after 503')
  before = loggedIn()
  await simulator.inject({ kind: 'stream-error', code: 515, when: 'now' })
  await untilAgain(before)
  await stage.exchange('after 515')
  await simulator.inject({ kind: 'refuse' })
  await simulator.inject({ kind: 'drop', when: 'now' })
  await stage.untilState(stage.ids[0] ?? '', 'reconnecting')
  await simulator.clearFaults()
  await gateway.untilOnline(stage.ids)
  await stage.exchange('after being refused')
  expect((await stage.run('recover', '--all')).stdout).toContain('was online')
  stage.expectNoHarm()
}, 120_000)
