import { expect, test } from 'vitest'
import { Rival, sendFrom, untilState } from '../support/rival.ts'
import { openStage } from '../support/stage.ts'

test('a live owner keeps its session; an operator may take it, and nothing but it', async () => {
  const stage = await openStage({ sessions: 3 })
  const [taken = '', ...others] = stage.ids
  const owner = await stage.startPaired()
  await stage.exchange('before')
  const rival = new Rival(stage)
  const other = await rival.start()

  const refused = await rival.run('recover', '--session', taken)
  expect(refused.status).toBe(9)
  expect(refused.stderr).toContain("worker 'worker-1'")
  expect(refused.stderr).toContain('--take-over')
  expect((await other.client.call('session.list', {})).sessions).toEqual([])
  await sendFrom(stage, owner, taken, 'still here')
  // A take-over forfeits what is not stored yet: with local acknowledgement that may be a second's.
  await owner.eventually('everything to be stored', async () => {
    const { shipping } = await owner.client.call('status', {})
    return shipping.lag.changes === 0 ? true : undefined
  })

  const allowed = await rival.run('recover', '--session', taken, '--take-over')
  expect(allowed, other.output).toMatchObject({ status: 0 })
  expect(allowed.stdout + allowed.stderr).toContain('may have forfeited')
  expect(other.output).toMatch(/"level":40[^\n]*may have forfeited/)
  const lost = await untilState(owner, taken, 'conflict')
  expect(lost.session).toMatchObject({ cause: 'owned-elsewhere' })
  expect(lost.session.detail).toContain('worker-2')
  expect(lost.owner).toMatchObject({ worker: 'worker-2', mine: false })
  await untilState(other, taken, 'online')

  await sendFrom(stage, other, taken, 'from the new owner')
  for (const id of others) {
    expect((await owner.client.call('session.show', { session: id })).session.state).toBe('online')
    await sendFrom(stage, owner, id, `still from the old owner: ${id}`)
  }
  for (const id of others) expect(stage.loginsOf(id)).toBe(1)
  const { details } = stage.simulator.report()
  expect(details.unlinks).toEqual([])
  expect(details.undecryptable).toEqual([])
  expect(details.reusedCounters).toEqual([])
  expect(details.duplicateConnections.length).toBeLessThanOrEqual(1)
  expect(await other.stop()).toBe(0)
  expect(await owner.stop()).toBe(0)
}, 120_000)

test('a session that nobody knows is not taken up', async () => {
  const stage = await openStage({ sessions: 0 })
  await stage.start()
  const result = await stage.run('recover', '--session', 'nobody', '--take-over')
  expect(result.status).toBe(5)
}, 60_000)
