import { randomBytes } from 'node:crypto'
import PQueue from 'p-queue'
import { GatewayError } from '../../session/errors.ts'
import { isSessionId } from '../../session/ids.ts'
import type { ObjectStore } from '../../store/port.ts'
import { systemClock } from '../clock.ts'
import { KEYRING_NAME, KEYRING_VERSIONS, ownerName, SESSIONS } from '../names.ts'
import { readHead } from '../object.ts'
import { conditionalWrite, SWAP_TIMING } from '../swap.ts'
import { newDataKey } from './key.ts'
import { Keyring, type KeyringOptions } from './keyring.ts'
import { encodeRing, type Ring } from './ring.ts'

const CONCURRENCY = 16

/**
 * The store's keyring; a store without any session gets its first. Where there are sessions, a new
 * keyring could only hide that theirs is lost: that throws `replica.no-key`. `acceptPlaintext` lets
 * a store be moved to encryption: all of its sessions are then known to be plain.
 */
export async function openOrCreateKeyring(
  options: KeyringOptions,
  acceptPlaintext: boolean,
): Promise<Keyring> {
  const found = await Keyring.open(options)
  if (found !== undefined) return found
  await assertNothingLocked(options.store, acceptPlaintext)
  const { store, keks, clock = systemClock, swapTiming = SWAP_TIMING } = options
  const bytes = encodeRing(firstRing(clock.wall(), keks[0].id), keks[0])
  // Whoever comes second takes what the first has put.
  await conditionalWrite(store, clock, swapTiming, {
    name: KEYRING_NAME,
    bytes,
    etag: undefined,
    isOwn: (there) => Buffer.compare(there, bytes) === 0,
  })
  const created = await Keyring.open(options)
  if (created === undefined) throw lost('its keyring was deleted as soon as it was made')
  return created
}

/** Throws `replica.no-key` where a store that is about to be used without keys has a keyring. */
export async function assertNoKeyring(store: ObjectStore): Promise<void> {
  if ((await store.get(KEYRING_NAME)) === undefined && (await isEmpty(store, KEYRING_VERSIONS)))
    return
  throw new GatewayError({
    code: 'replica.no-key',
    subject: KEYRING_NAME,
    message: 'the object store is encrypted, and this worker has no key',
    hint: 'set WA_GATEWAY_ENCRYPTION_KEY to the key that the other workers use',
  })
}

function firstRing(createdAt: number, kek: string): Ring {
  const key = { ...newDataKey(), createdAt, state: 'active' } as const
  return { id: randomBytes(16).toString('hex'), version: 1, kek, keys: [key] }
}

async function assertNothingLocked(store: ObjectStore, acceptPlaintext: boolean): Promise<void> {
  if (!(await isEmpty(store, KEYRING_VERSIONS)))
    throw lost('its keyring is gone', 'put the newest object under v1/keyrings/ back as v1/keyring')
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const checks: Promise<void>[] = []
  for await (const id of store.listParts(SESSIONS)) {
    if (!acceptPlaintext)
      throw lost(
        `it has sessions (${id} is one), but no keyring`,
        'put v1/keyring back; or, if these sessions were never encrypted, set WA_GATEWAY_ALLOW_PLAINTEXT=true until they are',
      )
    await queue.onSizeLessThan(CONCURRENCY)
    checks.push(queue.add(() => assertPlain(store, id)))
  }
  await Promise.all(checks)
}

async function assertPlain(store: ObjectStore, id: string): Promise<void> {
  if (!isSessionId(id)) return
  const name = ownerName(id)
  const owner = await store.get(name)
  if (owner === undefined) return
  const { cipher } = readHead({ name, kind: 'owner', sessionId: id }, owner.bytes)
  if (cipher !== 'none') throw lost(`session '${id}' is encrypted, but there is no keyring`)
}

async function isEmpty(store: ObjectStore, prefix: string): Promise<boolean> {
  for await (const _ of store.list(prefix)) return false
  return true
}

function lost(what: string, hint = 'put the object v1/keyring back'): GatewayError {
  return new GatewayError({
    code: 'replica.no-key',
    subject: KEYRING_NAME,
    message: `the object store cannot be unlocked: ${what}`,
    hint,
  })
}
