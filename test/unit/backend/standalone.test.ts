import { expect, test } from 'vitest'
import { StandaloneRegistry } from '../../../src/backend/standalone.ts'

test('assigned sessions are what the worker itself knows', async () => {
  const sessions = [{ sessionId: 's1' }]
  const registry = new StandaloneRegistry(() => Promise.resolve(sessions))
  expect(await registry.getAssignedSessions()).toEqual(sessions)
  expect(await registry.register()).toEqual({ recoveryRequired: true, assignedSessionCount: 1 })
  expect(registry.health()).toEqual({
    kind: 'standalone',
    registered: false,
    assigned: { source: 'standalone', unlisted: [] },
  })
})

test('no session is nothing to recover', async () => {
  const registry = new StandaloneRegistry(() => Promise.resolve([]))
  expect(await registry.register()).toEqual({ recoveryRequired: false, assignedSessionCount: 0 })
})
