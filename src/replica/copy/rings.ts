import { GatewayError } from '../../session/errors.ts'
import type { ObjectStore, StoredObject } from '../../store/port.ts'
import type { NamedKey } from '../crypto/key.ts'
import { decodeRing, type Ring } from '../crypto/ring.ts'
import type { KeySource } from '../crypto/sealer.ts'
import { KEYRING_NAME, keyringVersionName } from '../names.ts'
import { isUnreadable } from '../sealer.ts'
import { conditionalWrite } from '../swap.ts'
import { usedThere } from './lineage.ts'
import { within, type CopyContext } from './site.ts'

/** A keyring as it lies in a store. */
interface StoredRing {
  ring: Ring
  object: StoredObject
}

type Keks = readonly NamedKey[]

/** Undefined where the store has no keyring: what it holds is plain. */
export async function readRing(
  store: ObjectStore,
  keks: Keks,
  options: { signal?: AbortSignal },
): Promise<StoredRing | undefined> {
  const object = await store.get(KEYRING_NAME, options)
  return object && { ring: decodeRing(object.bytes, keks), object }
}

/** Reads with the keys of a ring as it was read once. */
export function keysOf(ring: Ring): KeySource {
  const active = ring.keys.find(({ state }) => state === 'active')
  if (active === undefined) throw new TypeError('a keyring without an active key was read')
  return {
    active,
    find: (id) => ring.keys.find((key) => key.id === id),
    refresh: () => Promise.resolve(false),
  }
}

/**
 * Which keyring is to be at the destination while objects are copied. Where keys of the destination
 * are gone at the source, what was copied under them is still there: until it is replaced, a version
 * in between is put, that has the keys of both.
 */
export async function ringFor(
  { from, signal }: Pick<CopyContext, 'from' | 'signal'>,
  source: StoredRing,
  there: StoredRing | undefined,
  keks: Keks,
): Promise<{ present: StoredRing; outdated: boolean }> {
  const lacks = (ring: Ring, keys: Ring): boolean =>
    keys.keys.some(({ id }) => !ring.keys.some((key) => key.id === id))
  if (there === undefined || !lacks(source.ring, there.ring))
    return { present: source, outdated: there === undefined }
  for (let version = source.ring.version - 1; version >= there.ring.version; version--) {
    const name = keyringVersionName(version)
    const object = await from.store.get(name, signal && { signal })
    if (object === undefined) break
    const ring = decodeRing(object.bytes, keks)
    if (!lacks(ring, there.ring)) return { present: { ring, object }, outdated: true }
  }
  return { present: there, outdated: true }
}

/** Puts a keyring and the versions that led to it, unless a later one is there. */
export async function putRing(
  context: Pick<CopyContext, 'from' | 'to' | 'clock' | 'timing' | 'signal' | 'onPut'>,
  { ring, object }: StoredRing,
  keks: Keks,
): Promise<void> {
  const { from, to, clock, timing, onPut } = context
  const options = within(context)
  const there = await readRing(to.store, keks, options)
  if (there !== undefined && there.ring.id !== ring.id) throw otherRing(to.store.label)
  if (there !== undefined && there.ring.version > ring.version)
    throw usedThere(KEYRING_NAME, to.store.label)
  if (there?.ring.version === ring.version) return
  for (let version = (there?.ring.version ?? 0) + 1; version <= ring.version; version++) {
    const name = keyringVersionName(version)
    const copy = version === ring.version ? object : await from.store.get(name, options)
    if (copy === undefined) continue
    const isOwn = (found: Uint8Array): boolean => Buffer.compare(found, copy.bytes) === 0
    const put = { name, bytes: copy.bytes, etag: undefined, isOwn, ...options }
    const outcome = await conditionalWrite(to.store, clock, timing, put)
    if (outcome.kind === 'lost') throw usedThere(name, to.store.label)
    onPut(copy.bytes.length)
  }
  const isOwn = (found: Uint8Array): boolean => Buffer.compare(found, object.bytes) === 0
  const outcome = await conditionalWrite(to.store, clock, timing, {
    name: KEYRING_NAME,
    bytes: object.bytes,
    etag: there?.object.etag,
    isOwn,
    ...options,
  })
  if (outcome.kind === 'lost') throw usedThere(KEYRING_NAME, to.store.label)
  onPut(object.bytes.length)
}

/** The keyring of a store that is copied to, or undefined where there is none or nothing fits. */
export async function ringThere(
  store: ObjectStore,
  keks: Keks,
  options: { signal?: AbortSignal },
): Promise<StoredRing | undefined> {
  try {
    return await readRing(store, keks, options)
  } catch (error) {
    if (isUnreadable(error)) throw otherRing(store.label, error)
    throw error
  }
}

function otherRing(label: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'replica.no-key',
    subject: KEYRING_NAME,
    message: `${label} is encrypted with another keyring than this worker's store`,
    hint: 'copy to an empty store, or to one that was copied to before',
    cause,
  })
}
