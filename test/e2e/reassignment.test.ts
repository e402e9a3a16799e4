import { expect, test } from 'vitest'
import type { GatewayProcess } from '../support/gateway.ts'
import { Rival, sendFrom, untilState } from '../support/rival.ts'
import { openStage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'

const entry = (sessionId: string) => ({ sessionId })

async function untilGone(gateway: GatewayProcess, id: string): Promise<void> {
  await gateway.eventually(`${id} to be handed over`, async () => {
    const { sessions } = await gateway.client.call('session.list', {})
    return sessions.every((session) => session.id !== id) ? true : undefined
  })
}

test('a session that a list misses goes on; one given to another worker moves there and back', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({
    sessions: 2,
    env: {
      ...env,
      BACKEND_HEARTBEAT_INTERVAL: '300',
      BACKEND_ASSIGNMENT_INTERVAL: '300',
    },
  })
  const [moving = '', staying = ''] = stage.ids
  const rival = new Rival(stage)
  backend.assignedTo.set('worker-2', [])
  const owner = await stage.startPaired()
  backend.assigned = stage.ids.map(entry)
  await owner.eventually('the list to be read', async () => {
    const { record } = await owner.client.call('session.show', { session: moving })
    return record?.assignedBy === 'backend' ? true : undefined
  })
  const other = await rival.start()

  // The list misses a session, again and again, and nobody else has it: it goes on.
  backend.assigned = [entry(staying)]
  await owner.eventually('the session to be missed', async () => {
    const { assigned } = (await owner.client.call('status', {})).backend
    return assigned?.unlisted.includes(moving) === true ? true : undefined
  })
  const reads = backend.callsOf('assigned').length
  await owner.eventually('some more lists', async () =>
    backend.callsOf('assigned').length > reads + 6 ? true : undefined,
  )
  await sendFrom(stage, owner, moving, 'still here')

  backend.assignedTo.set('worker-2', [entry(moving)])
  await untilGone(owner, moving)
  await recoverBy(rival, moving)
  await untilState(other, moving, 'online')
  await sendFrom(stage, other, moving, 'from its new worker')
  await sendFrom(stage, owner, staying, 'untouched')

  backend.assigned = stage.ids.map(entry)
  backend.assignedTo.set('worker-2', [])
  await untilGone(other, moving)
  await owner.eventually('the session to be back', async () => {
    await stage.run('recover', '--session', moving)
    const { session } = await owner.client.call('session.show', { session: moving })
    return session.state === 'online' ? true : undefined
  })
  await sendFrom(stage, owner, moving, 'back again')

  expect(await other.stop()).toBe(0)
  expect(await owner.stop()).toBe(0)
  expect(backend.violations).toEqual([])
  expect(stage.loginsOf(staying)).toBe(1)
  stage.expectNoHarm()

  async function recoverBy(worker: Rival, session: string): Promise<void> {
    await other.eventually(`${session} to be there`, async () => {
      const { status } = await worker.run('recover', '--session', session)
      return status === 0 ? true : undefined
    })
  }
}, 240_000)

test('after a start a session that the list misses is taken up again by the worker that had it', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({
    sessions: 2,
    env: {
      ...env,
      BACKEND_ASSIGNMENT_INTERVAL: '300',
    },
  })
  const [missed = '', listed = ''] = stage.ids
  const owner = await stage.startPaired()
  backend.assigned = stage.ids.map(entry)
  await owner.eventually('the list to be read', async () => {
    const { record } = await owner.client.call('session.show', { session: missed })
    return record?.assignedBy === 'backend' ? true : undefined
  })
  expect(await owner.stop()).toBe(0)
  backend.assigned = [entry(listed)]
  const again = await stage.startOnline()
  const { assigned } = (await again.client.call('status', {})).backend
  expect(assigned?.source).toBe('backend')
  expect(await again.stop()).toBe(0)
  stage.expectNoHarm()
}, 120_000)
