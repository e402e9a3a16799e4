import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthStore } from '../../../src/authstate/open.ts'
import { openSqliteRegistry } from '../../../src/registry/sqlite.ts'
import { StoreReplica } from '../../../src/replica/replica.ts'
import type { ObjectStore } from '../../../src/store/port.ts'
import { MovingIn } from '../../../src/whatsapp/moving-in.ts'
import type { ServicePorts } from '../../../src/whatsapp/ports.ts'
import { Roster } from '../../../src/whatsapp/roster.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { linkedState } from '../../unit/transfer/states.ts'

/** A worker of which nothing happens any more after so many steps, as after a kill. */
async function openWorker(dir: string, store: ObjectStore, steps = Infinity) {
  let left = steps
  const dies = <T extends object>(target: T, names: readonly (keyof T)[]): T => {
    for (const name of names) {
      const original = (target[name] as (...args: unknown[]) => Promise<unknown>).bind(target)
      const mortal = async (...args: unknown[]) => {
        if (left-- <= 0) throw new Error('killed')
        return original(...args)
      }
      Object.defineProperty(target, name, { value: mortal })
    }
    return target
  }
  const auth = await openAuthStore({ stateDir: dir })
  const { registry } = await openSqliteRegistry({ file: join(dir, 'registry.db') })
  const replica = new StoreReplica({ store: dies(store, WRITES), auth, worker: 'w1' })
  const ports = {
    auth: dies(auth, ['adopt', 'purge', 'tag', 'confirmEpoch', 'confirmStored']),
    replica,
    registry: dies(registry, ['save', 'remove']),
    settings: { maxSessions: 10 },
    logger: pino({ level: 'silent' }),
    emit: () => undefined,
  } as unknown as ServicePorts
  const roster = new Roster(ports)
  await roster.load()
  return {
    auth,
    registry,
    replica,
    movingIn: new MovingIn(ports, roster),
    survived: () => left > 0,
    close: async () => {
      await replica.stop()
      await auth.close()
      await registry.close()
    },
  }
}

const WRITES = ['put', 'putIfAbsent', 'compareAndSwap'] as const

/** What a store holds, to be opened by another process. */
function reopened(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore()
  for (const [name, object] of store.objects) copy.objects.set(name, object)
  return copy
}

test.each([false, true])(
  'a kill at any step leaves all or nothing, and again finishes (removed before: %s)',
  async (removed) => {
    const entries = linkedState()
    let steps = 0
    for (let survived = false; !survived; steps++) {
      const dir = await mkdtemp(join(tmpdir(), 'wa-moving-'))
      onTestFinished(() => rm(dir, { recursive: true }))
      let store = new MemoryStore()
      if (removed) {
        const before = await openWorker(dir, store)
        await before.movingIn.admit({ sessionId: 'anna', entries: linkedState() })
        await before.replica.remove('anna')
        await before.auth.purge('anna')
        await before.registry.remove('anna')
        await before.close()
        store = reopened(store)
      }
      const first = await openWorker(dir, store, steps)
      survived = await first.movingIn.admit({ sessionId: 'anna', entries }).then(
        () => true,
        () => false,
      )
      await first.close()
      store = reopened(store)

      const second = await openWorker(dir, store)
      const there = second.auth.find('anna') !== undefined
      const whole = !there || (await second.auth.adoptedFrom('anna', entries))
      const quiet = !there || (await second.registry.find('anna'))?.desired === 'paused'
      expect({ whole, quiet }).toEqual({ whole: true, quiet: true })
      const { outcome } = await second.movingIn.admit({ sessionId: 'anna', entries })
      expect(['imported', 'present']).toContain(outcome)
      const owner = await second.replica.owner('anna')
      expect(owner).toMatchObject({ released: true, removed: false })
      const { image } = await second.replica.readBackup('anna', owner?.backups[0]?.id ?? '')
      const theirs = image.entries.filter(({ type }) => !type.startsWith('wa-gateway-'))
      expect(new Set(theirs.map(spelled))).toEqual(new Set(entries.map(spelled)))
      expect((await second.registry.find('anna'))?.desired).toBe('paused')
      expect(await second.movingIn.admit({ sessionId: 'anna', entries })).toMatchObject({
        outcome: 'present',
      })
      await second.close()
    }
    expect(steps).toBeGreaterThan(5)
  },
  120_000,
)

test('nothing that is there is replaced, and a faulty state changes nothing', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wa-moving-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const store = new MemoryStore()
  const worker = await openWorker(dir, store)
  const entries = linkedState()
  const admit = (given: typeof entries) =>
    worker.movingIn.admit({ sessionId: 'anna', entries: given })
  expect(await admit(linkedState({ noiseKey: undefined } as never))).toMatchObject({
    why: 'damaged',
  })
  expect([worker.auth.list(), await worker.registry.list(), store.objects.size]).toEqual([
    [],
    [],
    0,
  ])
  expect(await admit(entries)).toMatchObject({ outcome: 'imported', keys: entries.length - 1 })
  const { hash } = worker.auth.find('anna') ?? {}
  expect(await admit(linkedState())).toMatchObject({ why: 'exists' })
  const twin = { sessionId: 'anna.bak', entries }
  expect(await worker.movingIn.admit(twin)).toMatchObject({ why: 'exists', todo: 'use anna' })
  const both = [twin, { sessionId: 'anna', entries }].map((one) => worker.movingIn.admit(one))
  expect(await Promise.all(both)).toMatchObject([{ why: 'exists' }, { outcome: 'present' }])
  expect(worker.auth.find('anna')?.hash).toBe(hash)

  const handle = await worker.auth.open('anna')
  await handle.state.keys.set({ session: { '4477002.0': Buffer.from('later') } })
  await handle.close()
  expect(await admit(entries)).toMatchObject({ outcome: 'present' })
  await worker.auth.purge('anna')
  expect(await admit(entries)).toMatchObject({ why: 'stored' })
  await worker.close()
}, 60_000)

function spelled({ type, id, value }: { type: string; id: string; value: Uint8Array }): string {
  return `${type} ${id} ${Buffer.from(value).toString('base64')}`
}
