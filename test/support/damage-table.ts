import { bootPrefix, lowName, slotOf, snapshotName, workerOf } from '../../src/replica/names.ts'
import { parseOwner, type OwnerRecord } from '../../src/replica/owner.ts'
import { readLow } from '../../src/replica/log/low.ts'
import { plainSealer } from '../../src/replica/sealer.ts'
import type { MemoryDisk } from './memory-auth-store.ts'
import { MemoryStore } from './memory-store.ts'

type DamageKind = 'flip' | 'cut' | 'delete' | 'swap' | 'replay'

/** One object and what stands in its place; undefined: nothing. */
export interface Damage {
  kind: DamageKind
  name: string
  bytes: Uint8Array | undefined
}

/** What is stored, and what the workers' disks remember of it. */
export interface Facts {
  names: readonly string[]
  fences: ReadonlySet<string>
  records: ReadonlyMap<string, OwnerRecord>
  /** By the prefix of the boot. */
  lows: ReadonlyMap<string, number>
  disks: ReadonlyMap<string, MemoryDisk>
}

/** The table of docs/ARCHITECTURE.md and src/replica/verify/verify.ts: what the store cannot tell. */
type Row =
  | 'end of a log'
  | 'older owner'
  | 'owner and snapshots'
  | 'not needed'
  | 'unnamed snapshot'

/** Who finds a damage: whoever reads the store, a worker with this disk, or, so far as known, nobody. */
export type Sight =
  | { by: 'store' }
  | { by: 'disk'; row: Row; worker: string }
  | { by: 'nobody'; row: Row; sameEpoch?: boolean }

const STORE: Sight = { by: 'store' }
const FENCE = 5

export async function factsOf(
  store: MemoryStore,
  disks: ReadonlyMap<string, MemoryDisk>,
): Promise<Facts> {
  const names = store.names('v1/')
  const records = new Map<string, OwnerRecord>()
  const lows = new Map<string, number>()
  const fences = new Set<string>()
  for (const name of names) {
    const bytes = store.objects.get(name)?.bytes ?? new Uint8Array()
    const place = placeOf(name)
    if (place.kind === 'owner') records.set(place.id, parseOwner(place.id, bytes, plainSealer))
    if (place.kind === 'slot' && bytes[5] === FENCE) fences.add(name)
    if (place.kind === 'low') {
      const boot = { worker: place.worker, boot: place.boot }
      lows.set(bootPrefix(boot), (await readLow({ store, sealer: plainSealer }, boot)).low)
    }
  }
  return { names, fences, records, lows, disks }
}

/** Who must find that an object is damaged in this way; the rows are the only ways out. */
export async function isVisible(damage: Damage, facts: Facts): Promise<Sight> {
  const place = placeOf(damage.name)
  const { kind } = damage
  if (place.kind === 'snapshot' && kind === 'delete' && !isNamed(damage.name, facts))
    return { by: 'nobody', row: 'not needed' }
  if (place.kind === 'snapshot') return STORE
  if (kind === 'flip' || kind === 'cut' || kind === 'swap') return STORE
  if (place.kind === 'owner')
    return kind === 'delete'
      ? withoutOwner(place.id, facts)
      : withOlderOwner(place.id, damage.bytes ?? new Uint8Array(), facts)
  if (place.kind === 'low') {
    const low = damage.bytes === undefined ? 0 : await lowIn(damage.name, place, damage.bytes)
    return withoutSlots(place, missingFrom(low, place, facts), 'not needed', facts)
  }
  if (place.kind === 'beside' || facts.fences.has(damage.name))
    return { by: 'nobody', row: 'not needed' }
  return withoutSlots(place, [place.slot], 'end of a log', facts)
}

interface InLog {
  worker: string
  boot: string
}

type Place =
  | { kind: 'owner'; id: string }
  | { kind: 'snapshot'; id: string }
  | ({ kind: 'slot'; slot: number } & InLog)
  | ({ kind: 'low' } & InLog)
  | ({ kind: 'beside' } & InLog)

export function placeOf(name: string): Place {
  const [, folder, owner = '', second = '', last = ''] = name.split('/')
  if (folder === 'sessions')
    return second === 'owner' ? { kind: 'owner', id: owner } : { kind: 'snapshot', id: owner }
  const worker = workerOf(owner)
  if (folder !== 'workers' || worker === undefined) throw new Error(`${name} is of no known kind`)
  const slot = slotOf(last)
  const log = { worker, boot: second }
  if (slot !== undefined) return { kind: 'slot', slot, ...log }
  return last === 'low' ? { kind: 'low', ...log } : { kind: 'beside', ...log }
}

function namedBy({ session, snapshot, kept }: OwnerRecord): string[] {
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  return refs.map(({ epoch, seq }) => snapshotName(session, epoch, seq))
}

function isNamed(name: string, { records }: Facts): boolean {
  return [...records.values()].some((record) => namedBy(record).includes(name))
}

/** The epochs under which there are snapshots of a session. */
function epochsOf(id: string, { names }: Facts): number[] {
  const prefix = `v1/sessions/${id}/`
  return names.flatMap((name) =>
    name.startsWith(prefix) && !name.endsWith('/owner')
      ? [Number(name.slice(prefix.length).split('/')[0])]
      : [],
  )
}

function withoutOwner(id: string, facts: Facts): Sight {
  if (epochsOf(id, facts).length > 0) return STORE
  return remembered(facts, 'owner and snapshots', ({ rows }) => confirmed(rows, id) > 0)
}

function withOlderOwner(id: string, bytes: Uint8Array, facts: Facts): Sight {
  const older = parseOwner(id, bytes, plainSealer)
  if (epochsOf(id, facts).some((epoch) => epoch > older.epoch)) return STORE
  if (namedBy(older).some((name) => !facts.names.includes(name))) return STORE
  const sight = remembered(facts, 'older owner', ({ rows }) => confirmed(rows, id) > older.epoch)
  const sameEpoch = older.epoch === facts.records.get(id)?.epoch
  return sight.by === 'nobody' ? { ...sight, sameEpoch } : sight
}

function confirmed(rows: MemoryDisk['rows'], id: string): number {
  return rows.get(id)?.confirmedEpoch ?? 0
}

/** Seen where the log goes on behind one of them, or where a record says that it reached as far. */
function withoutSlots({ worker, boot }: InLog, gone: number[], row: Row, facts: Facts): Sight {
  const there = slotsOf({ worker, boot }, facts)
  const ranges = [...facts.records.values()].flatMap((one) => [...one.past.ranges, ...one.ranges])
  const named = ranges.flatMap((range) => (range.boot === boot ? [range.from] : []))
  const begins = Math.min(...there.filter((slot) => !gone.includes(slot)))
  // The beginning of a log that no record names is missed by nobody.
  const missed = gone.filter((slot) => slot > begins || slot >= Math.min(...named))
  if (missed.length === 0) return { by: 'nobody', row: 'not needed' }
  for (const slot of missed) {
    if (there.some((other) => other > slot)) return STORE
    const covers = ranges.some(
      (range) => range.boot === boot && range.to !== null && slot >= range.from && slot < range.to,
    )
    if (covers) return STORE
  }
  return remembered(facts, row, ({ boots, nextSlots }) => {
    const next = boots.has(boot) ? (nextSlots.get(boot) ?? 0) : 0
    return missed.some((slot) => slot < next)
  })
}

/** Collected slots that an earlier `low` says must be there. */
function missingFrom(low: number, boot: InLog, facts: Facts): number[] {
  const there = slotsOf(boot, facts)
  const gone: number[] = []
  for (let slot = low; slot < (facts.lows.get(bootPrefix(boot)) ?? 0); slot++)
    if (!there.includes(slot)) gone.push(slot)
  return gone
}

function slotsOf(boot: InLog, { names }: Facts): number[] {
  const prefix = bootPrefix(boot)
  return names.flatMap((name) =>
    name.startsWith(prefix) ? (slotOf(name.slice(prefix.length)) ?? []) : [],
  )
}

async function lowIn(name: string, boot: InLog, bytes: Uint8Array): Promise<number> {
  const store = new MemoryStore()
  if (name !== lowName(boot)) throw new Error(`${name} is not the low of its boot`)
  store.store(name, bytes)
  return (await readLow({ store, sealer: plainSealer }, boot)).low
}

function remembered({ disks }: Facts, row: Row, knows: (disk: MemoryDisk) => boolean): Sight {
  for (const [worker, disk] of disks) if (knows(disk)) return { by: 'disk', row, worker }
  return { by: 'nobody', row }
}
