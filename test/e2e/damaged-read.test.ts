import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** Alters every Signal session in a state.db that a daemon has open. */
function damageSessions(stateDir: string): void {
  const db = new DatabaseSync(join(stateDir, 'state.db'), { timeout: 10_000 })
  try {
    const shortened = 'CAST(substr(value, 1, length(value) - 1) AS BLOB)'
    const { changes } = db
      .prepare(`UPDATE kv SET value = ${shortened} WHERE type = 'session'`)
      .run()
    expect(changes).toBeGreaterThan(0)
  } finally {
    db.close()
  }
}

/** Waits until the session has stopped for damage and runs again; what the read found is remembered. */
async function untilHealed(stage: Stage, id: string): Promise<void> {
  await stage.gateway.eventually(`${id} to be brought back`, async () => {
    const { session, tried } = await stage.view(id)
    const found = tried.some(({ cause }) => cause === 'damaged')
    return found && session.state === 'online' ? true : undefined
  })
}

test('damage that a read finds: the session stops, and comes back from the store with the message', async () => {
  const stage = await openStage()
  const [id = '', other = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  damageSessions(stage.stateDir)
  const listening = await stage.listen()
  const friend = stage.simulator.contact(stage.friendOf(id))
  await friend.send(stage.phoneOf(id), 'to the damaged one')
  await untilHealed(stage, id)
  await stage.gateway.eventually('the message to arrive', async () =>
    listening.texts.get('to the damaged one') === id ? true : undefined,
  )
  await listening.end()
  // Sending reads as well, and a session that can't be read is never replaced by a new one.
  await stage.gateway.client
    .call('session.send', { session: other, to: stage.friendOf(other), text: 'no' })
    .catch(() => undefined)
  await untilHealed(stage, other)

  const aside = await readdir(join(stage.stateDir, 'quarantine'))
  for (const session of stage.ids)
    expect(aside.some((name) => name.startsWith(`${session}-`))).toBe(true)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('damage while the store is away: nothing is set aside before the store has every change', async () => {
  const { stage, s3 } = await openS3Stage(1)
  const [id = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  const back = s3.faults.inject({ fault: { kind: 'status', status: 503 } })
  await stage.exchange('while it is away')
  const before = stage.simulator.report()
  damageSessions(stage.stateDir)
  await stage.simulator.contact(stage.friendOf(id)).send(stage.phoneOf(id), 'to the damaged one')

  const shown = await stage.untilState(id, 'failed')
  expect(shown.session.cause).toBe('damaged')
  expect(shown.session.detail).toMatch(/damaged: a value of type session fails its checksum/)
  const recovered = await stage.run('recover', '--session', id)
  expect(recovered.status).not.toBe(0)
  await expect(readdir(join(stage.stateDir, 'quarantine'))).rejects.toThrow('ENOENT')
  const meanwhile = stage.simulator.report()
  expect(meanwhile.inbound.acknowledged).toBe(before.inbound.acknowledged)
  expect(meanwhile.outbound).toEqual(before.outbound)

  back()
  await untilHealed(stage, id)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
