import { pino } from 'pino'
import { expect, test } from 'vitest'
import { StoreHealth } from '../../../src/daemon/store-health.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { MemoryStore, unavailable } from '../../support/memory-store.ts'

const failed = { outcome: 'unavailable', error: unavailable() }

async function usable(): Promise<StoreHealth> {
  const health = new StoreHealth(new MemoryStore(), pino({ level: 'silent' }))
  await health.untilUsable(new AbortController().signal, async () => undefined)
  health.watch()
  return health
}

test('whoever used the store last tells how it is', async () => {
  const health = await usable()
  expect(health.view.healthy).toBe(true)
  health.heard(failed)
  expect(health.view).toMatchObject({ healthy: false, detail: 'the store is away' })
  health.heard({ outcome: 'conflict' })
  expect(health.view.healthy).toBe(true)
  health.stop()
})

test('what the caller did says nothing of the store', async () => {
  const health = await usable()
  health.heard({ outcome: 'aborted' })
  const error = new GatewayError({ code: 'store.bad-name', message: 'no such name' })
  health.heard({ outcome: 'bad-name', error })
  expect(health.view.healthy).toBe(true)
  health.heard(failed)
  health.heard({ outcome: 'aborted' })
  expect(health.view.healthy).toBe(false)
  health.stop()
})

test('an answer alone does not make a store usable', () => {
  const health = new StoreHealth(new MemoryStore(), pino({ level: 'silent' }))
  health.heard({ outcome: 'ok' })
  expect(health.view).toMatchObject({ healthy: false, detail: 'not asked yet' })
})
