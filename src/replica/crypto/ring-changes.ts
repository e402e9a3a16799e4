import { GatewayError } from '../../session/errors.ts'
import type { NamedKey } from './key.ts'
import type { DataKey, Ring } from './ring.ts'

/** Milliseconds between two looks at the keyring. */
export const REFRESH_MS = 60_000

/** How old a key must be before it is written with: every worker has looked by then. */
export const RIPE_MS = 2 * REFRESH_MS

/** One new key that may be read with. Throws `usage` where one is waiting already. */
export function withAdded(ring: Ring, key: NamedKey, now: number): Ring {
  const waiting = distributed(ring)
  if (waiting !== undefined)
    throw new GatewayError({
      code: 'usage',
      subject: waiting.id,
      message: `key ${waiting.id} was added already and is not in use yet`,
      hint: 'run `wa-gateway backup key rotate`',
    })
  return next(ring, [...ring.keys, { ...key, createdAt: now, state: 'distributed' }])
}

/** The distributed key becomes the active one; the one before is kept for reading. */
export function withRotated(ring: Ring, now: number, force: boolean): Ring {
  const waiting = distributed(ring)
  if (waiting === undefined)
    throw new GatewayError({
      code: 'usage',
      message: 'there is no new key to change to',
      hint: 'run `wa-gateway backup key add`, and rotate a few minutes later',
    })
  const wait = waiting.createdAt + RIPE_MS - now
  if (wait > 0 && !force)
    throw new GatewayError({
      code: 'usage',
      subject: waiting.id,
      message: `key ${waiting.id} is too new: other workers may not know it yet`,
      hint: `wait ${Math.ceil(wait / 1000)} s, or add --force where this is the only worker`,
    })
  return next(
    ring,
    ring.keys.map((key) => {
      if (key === waiting) return { ...key, state: 'active', since: now }
      return key.state === 'active' ? { ...key, state: 'retired', since: now } : key
    }),
  )
}

/** How long after a rotation some worker may still write with the key before, at most. */
const SETTLED_MS = 2 * REFRESH_MS

/** Throws `usage` unless nobody writes with the key any more, so that what it sealed can be counted. */
export function assertRemovable(ring: Ring, id: string, now: number, force: boolean): void {
  const key = ring.keys.find((known) => known.id === id)
  if (key === undefined)
    throw new GatewayError({
      code: 'usage',
      subject: id,
      message: `the keyring has no key '${id}'`,
      hint: 'see `wa-gateway backup key list`',
    })
  if (key.state === 'active')
    throw new GatewayError({
      code: 'usage',
      subject: id,
      message: `key ${id} is the one that is written with`,
      hint: 'run `wa-gateway backup key add`, and rotate a few minutes later',
    })
  const wait = (key.since ?? 0) + SETTLED_MS - now
  if (key.state === 'retired' && wait > 0 && !force)
    throw new GatewayError({
      code: 'usage',
      subject: id,
      message: `key ${id} was retired just now: other workers may not have noticed yet`,
      hint: `wait ${Math.ceil(wait / 1000)} s, or add --force where this is the only worker`,
    })
}

/** Without one key. Nothing that it sealed can be read afterwards. */
export function withRemoved(ring: Ring, id: string, now: number, force: boolean): Ring {
  assertRemovable(ring, id, now, force)
  return next(
    ring,
    ring.keys.filter((key) => key.id !== id),
  )
}

/** The same keys once more, for the key-encryption key that is now the first. */
export function rewrapped(ring: Ring): Ring {
  return next(ring, ring.keys)
}

function next(ring: Ring, keys: readonly DataKey[]): Ring {
  return { ...ring, version: ring.version + 1, keys }
}

function distributed({ keys }: Ring): DataKey | undefined {
  return keys.find(({ state }) => state === 'distributed')
}
