import type { Finding } from '../../src/replica/verify/port.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { factsOf, isVisible, placeOf, type Damage, type Facts, type Sight } from './damage-table.ts'
import { copyStore } from './damage-world.ts'
import type { DamageHistory } from './damage-history.ts'
import { copyDisk, type MemoryDisk } from './memory-auth-store.ts'
import type { MemoryStore } from './memory-store.ts'
import { seeded } from './random.ts'
import { TestWorker } from './workers.ts'

/** How much was damaged, what was found by whom, and what by no one, by row of the table. */
export interface Tally {
  objects: number
  damages: Map<string, number>
  found: Map<string, number>
  exceptions: Map<string, number>
}

/**
 * A healthy store, then each of its objects damaged in each way that applies to it: what verify does
 * not tell as it must; empty where all is well.
 */
export async function checkDamages(
  world: DamageHistory,
  seed: number,
  tally: Tally,
): Promise<string[]> {
  const { store, disks } = world
  const complaints: string[] = []
  for (const [name, disk] of [['w9', undefined] as const, ...disks])
    for (const { object, what } of await findingsOf(store, name, disk))
      complaints.push(`healthy, yet ${name} finds ${object}: ${what}`)
  if (complaints.length > 0) return complaints
  const facts = await factsOf(store, disks)
  const judge = new Judge(store, facts, tally)
  for (const name of facts.names) {
    tally.objects++
    for (const damage of damagesOf(world, name, seeded(seed + tally.objects)))
      complaints.push(...(await judge.complaints(damage)))
  }
  return complaints
}

class Judge {
  readonly #healthy: MemoryStore
  readonly #facts: Facts
  readonly #tally: Tally

  constructor(healthy: MemoryStore, facts: Facts, tally: Tally) {
    this.#healthy = healthy
    this.#facts = facts
    this.#tally = tally
  }

  async complaints(damage: Damage): Promise<string[]> {
    const { kind, name, bytes } = damage
    const store = copyStore(this.#healthy)
    if (bytes === undefined) store.objects.delete(name)
    else store.store(name, bytes)
    count(this.#tally.damages, kind)
    const sight = await isVisible(damage, this.#facts)
    const findings = await findingsOf(store, 'w9')
    const about = `${name} ${kind}, ${JSON.stringify(sight)}`
    const astray = findings.filter((finding) => !names(finding, damage))
    if (astray.length > 0) return astray.map(({ object, what }) => `${about}: ${object}: ${what}`)
    if (findings.length > 0) {
      count(this.#tally.found, 'by the store')
      return []
    }
    if (sight.by === 'store') return [`${about}: not found`]
    return this.#unseen(store, damage, sight, about)
  }

  /** The store alone does not show it: a disk does, or the table says why nobody can. */
  async #unseen(
    store: MemoryStore,
    damage: Damage,
    sight: Exclude<Sight, { by: 'store' }>,
    about: string,
  ): Promise<string[]> {
    const { found, exceptions } = this.#tally
    const { disks } = this.#facts
    if (sight.by === 'disk') {
      if (!(await this.#isFoundBy(sight.worker, store, damage)))
        return [`${about}: its disk does not find it`]
      count(found, `by a disk: ${sight.row}`)
      return []
    }
    if (sight.row !== 'older owner') {
      count(exceptions, `${sight.row}: ${damage.kind} of ${wordFor(damage.name)}`)
      return []
    }
    const place = placeOf(damage.name)
    const id = place.kind === 'owner' ? place.id : ''
    const [before, after] = [await newest(this.#healthy, id), await newest(store, id)]
    if (before.hash === after.hash) {
      count(exceptions, 'older owner: leads on to the newest state')
      return []
    }
    for (const worker of disks.keys())
      if (await this.#isFoundBy(worker, store, damage)) {
        count(found, 'by a disk: older owner')
        return []
      }
    const knows = [...disks.values()].some(({ rows }) => (rows.get(id)?.storedSeq ?? 0) > after.seq)
    if (knows) return [`${about}: leads to another state, and no disk finds it`]
    const of = sight.sameEpoch === true ? 'of the same epoch' : 'of an earlier epoch'
    count(exceptions, `older owner: ${of}, no disk remembers`)
    return []
  }

  async #isFoundBy(worker: string, store: MemoryStore, damage: Damage): Promise<boolean> {
    const findings = await findingsOf(store, worker, this.#facts.disks.get(worker))
    return findings.some((finding) => names(finding, damage))
  }
}

/** An older owner record may show in what else it says of the session: snapshots, log. */
function names({ object, what, sessionId }: Finding, { kind, name }: Damage): boolean {
  const place = placeOf(name)
  if (`${object} ${what}`.includes(name)) return true
  return kind === 'replay' && place.kind === 'owner' && sessionId === place.id
}

function* damagesOf(
  { store, earlier }: DamageHistory,
  name: string,
  random: () => number,
): Generator<Damage> {
  const bytes = store.objects.get(name)?.bytes ?? new Uint8Array()
  const flipped = Uint8Array.from(bytes)
  const at = Math.floor(random() * flipped.length)
  flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(random() * 8))
  yield { kind: 'flip', name, bytes: flipped }
  yield { kind: 'cut', name, bytes: bytes.subarray(0, Math.floor(random() * bytes.length)) }
  yield { kind: 'delete', name, bytes: undefined }
  const others = store.names('v1/').filter((other) => other !== name && isAlike(other, name))
  const other = store.objects.get(others[Math.floor(random() * others.length)] ?? '')
  if (other !== undefined) yield { kind: 'swap', name, bytes: other.bytes }
  for (const old of earlier.get(name) ?? []) yield { kind: 'replay', name, bytes: old }
}

function wordFor(name: string): string {
  const place = placeOf(name)
  return place.kind === 'beside' ? (name.split('/').at(-1) ?? '') : place.kind
}

function isAlike(a: string, b: string): boolean {
  const [one, two] = [placeOf(a), placeOf(b)]
  return (
    one.kind === two.kind && (one.kind !== 'beside' || a.split('/').at(-1) === b.split('/').at(-1))
  )
}

/** As `backup verify --all --read-data` reads, on an empty disk or on a copy of this one. */
async function findingsOf(store: MemoryStore, name: string, disk?: MemoryDisk): Promise<Finding[]> {
  const worker = new TestWorker(store, { name, ...(disk && { disk: copyDisk(disk) }) })
  const findings: Finding[] = []
  await worker.replica.verify({ readData: true }, (check) => {
    if (check.outcome === 'unread') throw new Error(check.detail)
    findings.push(...check.findings)
  })
  return findings
}

/** The state that a recovery on an empty disk brings back. */
async function newest(store: MemoryStore, id: string): Promise<{ seq: number; hash: string }> {
  try {
    const stored = await new TestWorker(store, { name: 'w9' }).replica.readNewest(id)
    return stored?.image ?? { seq: 0, hash: 'nothing' }
  } catch (error) {
    if (error instanceof GatewayError) return { seq: 0, hash: error.code }
    throw error
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
