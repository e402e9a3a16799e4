import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { slotName } from '../../../src/replica/names.ts'
import type { Finding, PartCheck, SessionCheck } from '../../../src/replica/verify/port.ts'
import {
  buildDamageWorld,
  copyStore,
  SESSIONS,
  type DamageWorld,
} from '../../support/damage-world.ts'
import type { MemoryStore } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'
import { TestWorker } from '../../support/workers.ts'

const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 20_261)

/** What may stand in an object's place; undefined: nothing. */
type Damage = (world: DamageWorld, name: string, random: () => number) => (Uint8Array | undefined)[]

const DAMAGES: Record<string, Damage> = {
  flipped({ store }, name, random) {
    const bytes = Uint8Array.from(bytesOf(store, name))
    const at = Math.floor(random() * bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
    return [bytes]
  },
  truncated({ store }, name, random) {
    const bytes = bytesOf(store, name)
    return [bytes.subarray(0, Math.floor(random() * bytes.length))]
  },
  missing: () => [undefined],
  'swapped with another of its kind': ({ store }, name, random) => {
    const others = [...store.objects.keys()].filter(
      (other) => other !== name && kindOf(store, other) === kindOf(store, name),
    )
    const other = others[Math.floor(random() * others.length)]
    return other === undefined ? [] : [bytesOf(store, other)]
  },
  'put back as it was before': ({ earlier }, name) => earlier.get(name) ?? [],
}

function bytesOf(store: MemoryStore, name: string): Uint8Array {
  const object = store.objects.get(name)
  if (object === undefined) throw new Error(`${name} is not there`)
  return object.bytes
}

function kindOf(store: MemoryStore, name: string): number | undefined {
  return bytesOf(store, name)[5]
}

interface Verdict {
  checks: (SessionCheck | PartCheck)[]
  findings: Finding[]
}

async function verdict(worker: TestWorker): Promise<Verdict> {
  const checks: (SessionCheck | PartCheck)[] = []
  await worker.replica.verify({ readData: true }, (check) => checks.push(check))
  for (const check of checks) {
    expect(check.outcome, JSON.stringify(check)).not.toBe('unread')
    expect(check.outcome === 'damaged').toBe(check.findings.length > 0)
  }
  return { checks, findings: checks.flatMap(({ findings }) => findings) }
}

function freshWorker({ sealer }: DamageWorld, store: MemoryStore): TestWorker {
  return new TestWorker(store, { name: 'w9', ...(sealer && { sealer }) })
}

/** The worker as it is, with a disk of its own, over another store. */
function again(
  { sealer }: DamageWorld,
  { disk, name }: TestWorker,
  store: MemoryStore,
): TestWorker {
  return new TestWorker(store, { name, disk, ...(sealer && { sealer }) })
}

/**
 * What looks like a state that the protocol allows; src/replica/verify/verify.ts says why. The last
 * bundle of an open log that nobody ended is the only one of it that costs something.
 */
function looksLegal({ first, second }: DamageWorld, name: string, what: string): boolean {
  if (/\/(alive|want)$/.test(name)) return what === 'missing' || what.startsWith('put back')
  if (what === 'missing') return name === fenceOf(first) || name === lastOf(second)
  return what.startsWith('put back') && name.endsWith('/owner')
}

function fenceOf({ name, auth }: TestWorker): string {
  return slotName({ worker: name, boot: auth.boot }, auth.nextSlot(auth.boot))
}

function lastOf({ name, auth }: TestWorker): string {
  return slotName({ worker: name, boot: auth.boot }, auth.nextSlot(auth.boot) - 1)
}

/** What a recovery on a fresh disk makes of a session. */
async function claimed(world: DamageWorld, store: MemoryStore, sessionId: string) {
  const worker = freshWorker(world, copyStore(store))
  const outcome = await worker.replica.claim({ sessionId, assigned: true, takeOver: true })
  const isNewest = isDeepStrictEqual(worker.content(sessionId), world.newest.get(sessionId))
  return { outcome, isNewest }
}

/** What is not as it must be, after an object was damaged; empty where all is well. */
async function* complaints(
  world: DamageWorld,
  store: MemoryStore,
  name: string,
  what: string,
): AsyncGenerator<string> {
  const legal = looksLegal(world, name, what)
  const { findings } = await verdict(freshWorker(world, copyStore(store)))
  if (!legal && findings.length === 0) yield `${name} ${what}: not found`
  for (const { object, what: why } of findings) {
    // An older record of the same epoch may name snapshots that were rightly dropped since.
    const follows = legal && object.startsWith(name.replace(/owner$/, ''))
    if (!follows && !`${object} ${why}`.includes(name)) yield `${name} ${what}: ${why}`
  }
  for (const sessionId of SESSIONS) {
    const { outcome, isNewest } = await claimed(world, store, sessionId)
    const about = `${name} ${what}, ${sessionId} ${JSON.stringify(outcome)}`
    const isBlocked = findings.some((one) => blocks(one, sessionId))
    if (outcome.kind === 'refused') {
      const isNamed = legal || outcome.detail.includes(name)
      if (!isNamed || !outcome.detail.includes(`'${sessionId}'`)) yield `${about}: not named`
      if (outcome.cause !== 'damaged' || !isBlocked) yield `${about}: refused`
    } else if (!legal) {
      if (!isNewest) yield `${about}: not the newest`
      if (isBlocked) yield `${about}: recovered against what verify says`
    } else if (!isNewest) {
      // A fresh disk goes on from what there is; the disk that had it knows better.
      const { first, second } = world
      const owner = again(world, sessionId === 'cafe' ? second : first, copyStore(store))
      const known = (await verdict(owner)).findings
      if (!known.some((one) => blocks(one, sessionId) && one.object === name))
        yield `${about}: not even its own disk knows`
    }
  }
}

function blocks({ severity, sessionId }: Finding, id: string): boolean {
  return severity === 'recovery' && sessionId === id
}

describe.each([
  ['plain', false],
  ['encrypted', true],
])('a store that is %s', (_, encrypted) => {
  it('is healthy to everybody while nothing is damaged, and stays as it is', async () => {
    const world = await buildDamageWorld(encrypted)
    const before = structuredClone(world.store.objects)
    for (const worker of [freshWorker(world, world.store), world.first, world.second]) {
      const { findings, checks } = await verdict(worker)
      expect(findings).toEqual([])
      expect(checks.filter(({ kind }) => kind === 'session')).toHaveLength(SESSIONS.length)
      expect(checks.filter(({ kind }) => kind === 'part')).toHaveLength(2)
    }
    expect(world.store.objects).toEqual(before)
  })

  it.each(Object.entries(DAMAGES))(
    'with any one object %s: told by name, and nothing but the newest state is started',
    async (what, damage) => {
      const world = await buildDamageWorld(encrypted)
      const random = seeded(SEED)
      const found: string[] = []
      let cases = 0
      for (const name of world.store.names('v1/').filter((n) => !n.startsWith('v1/keyring')))
        for (const bytes of damage(world, name, random)) {
          const store = copyStore(world.store)
          if (bytes === undefined) store.objects.delete(name)
          else store.store(name, bytes)
          for await (const complaint of complaints(world, store, name, what)) found.push(complaint)
          cases++
        }
      expect(found).toEqual([])
      expect(cases).toBeGreaterThan(10)
    },
    120_000,
  )
})
