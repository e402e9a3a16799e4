import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import { pack, Unpackr } from 'msgpackr'
import * as z from 'zod'
import { GatewayError } from '../../session/errors.ts'
import { KEYRING_NAME } from '../names.ts'
import { damaged, readHead, type ObjectAddress } from '../object.ts'
import { openGcm, sealGcm } from './gcm.ts'
import { KEY_BYTES, type NamedKey } from './key.ts'

export const KEYRING: ObjectAddress = { name: KEYRING_NAME, kind: 'keyring' }

/** `distributed`: may be read with, is not written with yet. `retired`: only read with. */
const KEY_STATES = ['distributed', 'active', 'retired'] as const
export type KeyState = (typeof KEY_STATES)[number]

export interface DataKey extends NamedKey {
  /** Milliseconds since the epoch. */
  createdAt: number
  state: KeyState
  /** When it came into this state; absent where that was when it was made, or is not known. */
  since?: number
}

/** The keyring, unlocked. Exactly one of its keys is active. */
export interface Ring {
  /** Random, the same in all versions. */
  id: string
  /** Grows by one with every change. */
  version: number
  /** Id of the key-encryption key that locks it. */
  kek: string
  keys: readonly DataKey[]
}

const bytes = z.instanceof(Uint8Array)
const ringSchema = z.strictObject({
  format: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  version: z.int().positive(),
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[0-9a-f]{16}$/),
        createdAt: z.int().nonnegative(),
        state: z.enum(KEY_STATES),
        since: z.int().nonnegative().exactOptional(),
        wrapped: z.strictObject({ kek: z.string(), nonce: bytes, bytes }),
      }),
    )
    .min(1)
    .refine((keys) => keys.filter(({ state }) => state === 'active').length === 1)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length),
})
type Wrapped = z.infer<typeof ringSchema>['keys'][number]['wrapped']

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

/**
 * The keyring as an object: every data key wrapped, and the whole sealed, under one key-encryption
 * key. Whoever lacks that key can neither read nor change it.
 */
export function encodeRing({ id, version, keys }: Ring, kek: NamedKey): Uint8Array {
  const wrapped = keys.map(({ key, ...rest }) => ({
    ...rest,
    wrapped: wrap(kek, id, rest.id, key.export()),
  }))
  return sealGcm(kek, KEYRING, 'none', pack({ format: 1, id, version, keys: wrapped }))
}

/** Throws `replica.no-key` where none of the key-encryption keys fits, else `replica.damaged`. */
export function decodeRing(stored: Uint8Array, keks: readonly NamedKey[]): Ring {
  const head = readHead(KEYRING, stored)
  if (head.cipher === 'none') throw damaged(KEYRING, 'it is not encrypted')
  const kek = keks.find(({ id }) => id === head.keyId)
  if (kek === undefined) throw locked(head.keyId, keks)
  const { payload } = openGcm(kek, KEYRING, head)
  const { id, version, keys } = parse(payload)
  return {
    id,
    version,
    kek: kek.id,
    keys: keys.map(({ wrapped, ...rest }) => {
      if (wrapped.kek !== kek.id) throw damaged(KEYRING, `key ${rest.id} is wrapped by another key`)
      return { ...rest, key: createSecretKey(unwrap(kek, id, rest.id, wrapped)) }
    }),
  }
}

function parse(payload: Uint8Array): z.infer<typeof ringSchema> {
  let content: unknown
  try {
    content = unpackr.unpack(payload)
  } catch (error) {
    throw damaged(KEYRING, 'its content cannot be read', error)
  }
  const parsed = ringSchema.safeParse(content)
  if (!parsed.success) throw damaged(KEYRING, 'its content has another shape')
  return parsed.data
}

function wrap(kek: NamedKey, ringId: string, keyId: string, key: Buffer): Wrapped {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', wrappingKey(kek), nonce, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(`${ringId} ${keyId}`))
  const sealed = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
  return { kek: kek.id, nonce, bytes: sealed }
}

function unwrap(kek: NamedKey, ringId: string, keyId: string, wrapped: Wrapped): Buffer {
  const { nonce, bytes: sealed } = wrapped
  if (nonce.length !== 12 || sealed.length !== KEY_BYTES + 16)
    throw damaged(KEYRING, `key ${keyId} has another shape`)
  const key = wrappingKey(kek)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(`${ringId} ${keyId}`))
  decipher.setAuthTag(sealed.subarray(KEY_BYTES))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, KEY_BYTES)), decipher.final()])
  } catch (error) {
    throw damaged(KEYRING, `key ${keyId} cannot be unwrapped`, error)
  }
}

/** Apart from the key that seals the keyring, so that each is used in one way only. */
function wrappingKey({ key }: NamedKey): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'wa-gateway key wrap', KEY_BYTES))
}

function locked(kekId: string, keks: readonly NamedKey[]): GatewayError {
  const has = keks.map(({ id }) => id).join(', ')
  const needs = /^[0-9a-f]{16}$/.test(kekId) ? kekId : 'of a damaged id'
  return new GatewayError({
    code: 'replica.no-key',
    subject: KEYRING.name,
    message: `the keyring in the object store is locked with key ${needs}, and this worker has ${has}`,
    hint: 'set WA_GATEWAY_ENCRYPTION_KEY to the key with which the store was set up; several keys may be given, separated by commas',
  })
}
