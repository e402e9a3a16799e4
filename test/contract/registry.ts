import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Registry } from '../../src/registry/port.ts'

export interface RegistryHarness {
  /** Opens the same registry each time it is called within one test. */
  open(now: () => number): Promise<Registry>
  dispose(): Promise<void>
}

/** What every registry must do, whatever lies below. */
export function registryContract(adapter: string, start: () => Promise<RegistryHarness>): void {
  describe(`registry contract: ${adapter}`, () => {
    let harness: RegistryHarness
    let registry: Registry
    let now = 1_700_000_000_000

    beforeEach(async () => {
      harness = await start()
      registry = await harness.open(() => now)
    })

    afterEach(async () => {
      await registry.close()
      await harness.dispose()
    })

    test('a new registry is empty', async () => {
      expect(await registry.list()).toEqual([])
      expect(await registry.find('s1')).toBeUndefined()
    })

    test('save makes the row with neutral values', async () => {
      const row = await registry.save('s1', {})
      expect(row).toEqual({
        id: 's1',
        userId: null,
        name: null,
        phone: null,
        desired: 'running',
        assignedBy: 'local',
        lastState: 'idle',
        lastCause: null,
        createdAt: now,
        pairedAt: null,
        lastOnlineAt: null,
        lastActivityAt: null,
      })
      expect(await registry.find('s1')).toEqual(row)
    })

    test('save changes what the patch names and nothing else', async () => {
      const created = now
      await registry.save('s1', {
        userId: 'u1',
        name: 'Ärger ☎',
        phone: '491701234567',
        desired: 'paused',
        assignedBy: 'backend',
        lastState: 'failed',
        lastCause: 'timeout',
        pairedAt: 5,
        lastOnlineAt: 6,
        lastActivityAt: Number.MAX_SAFE_INTEGER,
      })
      now += 1000
      const row = await registry.save('s1', { lastState: 'online', lastCause: null, name: null })
      expect(row).toEqual({
        id: 's1',
        userId: 'u1',
        name: null,
        phone: '491701234567',
        desired: 'paused',
        assignedBy: 'backend',
        lastState: 'online',
        lastCause: null,
        createdAt: created,
        pairedAt: 5,
        lastOnlineAt: 6,
        lastActivityAt: Number.MAX_SAFE_INTEGER,
      })
    })

    test('an empty patch returns the row unchanged', async () => {
      const row = await registry.save('s1', { userId: 'u1' })
      now += 1000
      expect(await registry.save('s1', {})).toEqual(row)
    })

    test('saves at the same time lose nothing of each other', async () => {
      await Promise.all([
        registry.save('s1', { userId: 'u1' }),
        registry.save('s1', { phone: '1' }),
        registry.save('s1', { name: 'n' }),
        registry.save('s2', { lastState: 'online' }),
      ])
      expect(await registry.find('s1')).toMatchObject({ userId: 'u1', phone: '1', name: 'n' })
      expect(await registry.find('s2')).toMatchObject({ lastState: 'online', userId: null })
    })

    test('list is ordered by id, remove takes one away and may be repeated', async () => {
      for (const id of ['b', 'c', 'a']) await registry.save(id, {})
      expect((await registry.list()).map((row) => row.id)).toEqual(['a', 'b', 'c'])
      await registry.remove('b')
      await registry.remove('b')
      expect((await registry.list()).map((row) => row.id)).toEqual(['a', 'c'])
    })

    test('a name that could not be a session id is refused', async () => {
      await expect(registry.save('../x', {})).rejects.toMatchObject({ code: 'session.bad-id' })
      expect(await registry.list()).toEqual([])
    })

    test('rows outlive the process', async () => {
      const row = await registry.save('s1', { desired: 'removed' })
      await registry.close()
      await registry.close()
      registry = await harness.open(() => now + 1)
      expect(await registry.list()).toEqual([row])
    })
  })
}
