import type { Sealer } from '../../src/replica/sealer.ts'
import { encryptingSealer } from '../../src/replica/crypto/sealer.ts'
import { openKeyring } from './keyring.ts'
import { MemoryStore } from './memory-store.ts'
import { TestWorker } from './workers.ts'

const HOURS_73 = 73 * 3_600_000

/** A store with some of everything, the workers that wrote it, and what a recovery must bring back. */
export interface DamageWorld {
  store: MemoryStore
  sealer: Sealer | undefined
  /** By session: what was written to it, in order. */
  newest: Map<string, string[]>
  /** Earlier bytes of objects that were replaced, oldest first. */
  earlier: Map<string, Uint8Array[]>
  /** `first` crashed with session `bar`, `second` holds `cafe`; both have their disks. */
  first: TestWorker
  second: TestWorker
}

export const SESSIONS = ['atelier', 'bar', 'cafe'] as const

/**
 * Three sessions with kept snapshots and log that was collected in part (`low`). `atelier` was
 * released with a tail in the log. `bar` was left open by a crash, its log ended by the one who took
 * `cafe`; part of its range was collected, since it had nothing there. `cafe` is open in a log that
 * nobody ended, the first bundle of which is of no use any more.
 */
export async function buildDamageWorld(encrypted: boolean): Promise<DamageWorld> {
  const store = new MemoryStore()
  const keyring = encrypted ? await openKeyring(store) : undefined
  const sealer = keyring && encryptingSealer(keyring)
  const earlier = new Map<string, Uint8Array[]>()
  store.onStored = (name, before) => {
    if (before !== undefined) earlier.set(name, [...(earlier.get(name) ?? []), before])
  }
  const options = sealer === undefined ? {} : { sealer }
  const first = new TestWorker(store, { name: 'w1', ...options })
  const newest = new Map<string, string[]>(SESSIONS.map((id) => [id, []]))
  const write = async (worker: TestWorker, id: string, ...texts: string[]): Promise<void> => {
    for (const text of texts) {
      worker.write(id, text)
      newest.get(id)?.push(text)
      await worker.clock.advance(1_500)
    }
  }
  for (const id of SESSIONS) {
    await first.pair(id)
    await write(first, id, `${id}-1`, `${id}-2`)
    await first.replica.fold(id, 'manual')
  }
  let count = 2
  for (const ids of [SESSIONS, ['atelier', 'cafe']]) {
    for (const id of ids) await write(first, id, `${id}-${++count}`)
    for (const id of ids) await first.replica.fold(id, 'interval')
    await first.clock.advance(HOURS_73)
    if ((await first.replica.collect()) === 0) throw new Error('nothing was collected')
  }
  await first.replica.start()
  for (let round = 1; round < 4; round++)
    for (const id of SESSIONS) await write(first, id, `${id}-live-${round}`)
  await first.replica.release('atelier', { store: false })
  const second = new TestWorker(store, { name: 'w2/b', ...options })
  await Promise.all([
    second.replica.claim({ sessionId: 'cafe', assigned: true }),
    drive(first, second),
  ])
  const taken = await second.replica.claim({ sessionId: 'cafe', assigned: true, takeOver: true })
  if (taken.kind !== 'claimed') throw new Error(taken.detail)
  await write(second, 'cafe', 'last-1')
  await second.replica.fold('cafe', 'interval')
  await write(second, 'cafe', 'last-2', 'last-3')
  return { store, sealer, newest, earlier, first, second }
}

/** The owner goes on living while the other one watches it. */
async function drive(owner: TestWorker, other: TestWorker): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await owner.clock.advance(1_000)
    await other.clock.advance(1_000)
  }
}

export function copyStore(store: MemoryStore): MemoryStore {
  const copy = new MemoryStore()
  for (const [name, { bytes }] of store.objects) copy.store(name, bytes)
  return copy
}
