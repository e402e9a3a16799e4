import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { openStage } from '../support/stage.ts'

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

test('damage that a read finds stops the session: nothing acknowledged, no new Signal session', async () => {
  const stage = await openStage({
    env: (dir) => ({ WA_GATEWAY_STORAGE_DIR: join(dir, 'objects') }),
  })
  const [id = '', healthy = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  const before = stage.simulator.report()
  damageSessions(stage.stateDir)
  await stage.simulator.contact(stage.friendOf(id)).send(stage.phoneOf(id), 'to the damaged one')

  const shown = await stage.untilState(id, 'failed')
  expect(shown.session.cause).toBe('damaged')
  expect(shown.session.detail).toMatch(/damaged: a value of type session fails its checksum/)
  expect(shown.next).toContain(id)
  const sent = await stage.run('session', 'send', id, '--to', stage.friendOf(id), '--text', 'no')
  expect(sent.status).not.toBe(0)
  await eventually('the socket to be closed', () =>
    stage.simulator.devices(stage.phoneOf(id)).every((device) => !device.online) ? true : undefined,
  )
  const after = stage.simulator.report()
  expect(after.inbound.waiting).toBe(before.inbound.waiting + 1)
  expect(after.inbound.acknowledged).toBe(before.inbound.acknowledged)
  expect(after.outbound).toEqual(before.outbound)
  // Sending reads as well, and a session that can't be read is never replaced by a new one.
  await stage.gateway.client
    .call('session.send', { session: healthy, to: stage.friendOf(healthy), text: 'no' })
    .catch(() => undefined)
  await stage.untilState(healthy, 'failed')
  expect(stage.simulator.report().outbound).toEqual(before.outbound)
  stage.expectNoHarm()
}, 60_000)
