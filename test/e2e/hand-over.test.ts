import { expect, test } from 'vitest'
import { Rival, sendFrom, untilState } from '../support/rival.ts'
import { openStage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'

const QUICK = { BACKEND_HEARTBEAT_INTERVAL: '200', BACKEND_ASSIGNMENT_INTERVAL: '1000' }

test('a session that the backend gives to another worker is asked for, released and goes on there', async () => {
  const [one, two] = [await openBackend(), await openBackend()]
  const stage = await openStage({ env: { ...one.env, ...QUICK } })
  const [moved = '', stays = ''] = stage.ids
  const owner = await stage.startPaired()
  one.backend.assigned = stage.ids.map((sessionId) => ({ sessionId }))
  await stage.exchange('before')

  one.backend.assigned = [{ sessionId: stays }]
  two.backend.assigned = [{ sessionId: moved }]
  const rival = new Rival(stage)
  Object.assign(rival.env, two.env, QUICK)
  const other = await rival.start()
  await other.eventually('the old worker to give it up', async () => {
    const { status } = await rival.run('recover', '--session', moved)
    return status === 0 ? true : undefined
  })
  await untilState(other, moved, 'online')
  const { owner: record } = await other.client.call('session.show', { session: moved })
  expect(record).toMatchObject({ worker: 'worker-2', mine: true })
  await sendFrom(stage, other, moved, 'from its new worker')

  await owner.eventually('the old worker to forget it', async () => {
    const { sessions } = await owner.client.call('session.list', {})
    return sessions.some(({ id }) => id === moved) ? undefined : true
  })
  await sendFrom(stage, owner, stays, 'still from the old worker')
  expect(stage.loginsOf(stays)).toBe(1)
  const { shipping } = await owner.client.call('status', {})
  // Released, and not taken: nothing was forfeited.
  expect(shipping.forfeits).toEqual([])
  stage.expectNoHarm()
}, 120_000)

test('a worker that waits for a session tries it as soon as the other has released it', async () => {
  const backends = [await openBackend(), await openBackend()] as const
  const stage = await openStage({ sessions: 1, env: { ...QUICK, LOG_LEVEL: 'info' } })
  const [id = ''] = stage.ids
  Object.assign(stage.env, backends[0].env)
  const first = await stage.startPaired()
  backends[0].backend.assigned = [{ sessionId: id }]
  const rival = new Rival(stage)
  Object.assign(rival.env, backends[1].env)
  const second = await rival.start()
  const workers = [
    { gateway: first, backend: backends[0].backend },
    { gateway: second, backend: backends[1].backend },
  ] as const
  const tried = () => workers.some(({ gateway }) => gateway.output.includes('changed hands'))
  let [from, to] = workers
  // A rest may be over just then, and its try be the first.
  while (!tried()) {
    to.backend.assigned = [{ sessionId: id }]
    await untilState(to.gateway, id, 'conflict')
    from.backend.assigned = []
    await untilState(to.gateway, id, 'online')
    ;[from, to] = [to, from]
  }
  expect(tried()).toBe(true)
  stage.expectNoHarm()
}, 240_000)
