import {
  createCipheriv,
  createDecipheriv,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto'
import {
  assertLength,
  damaged,
  provenHeader,
  writeHead,
  type Codec,
  type ObjectAddress,
  type ObjectHead,
} from '../object.ts'
import { KEY_BYTES, type NamedKey } from './key.ts'

const CIPHER = 'aes-256-gcm'
const SALT = 32
const TAG = 16
const NONCE = Buffer.alloc(12)

/**
 * What stands behind the header of an encrypted object (src/replica/object.ts):
 *
 *   salt (32 bytes)   tag (16 bytes)   ciphertext, as long as the payload
 *
 * Every object has a subkey of its own, HKDF-SHA256(key, salt, info = the object's name), used for
 * this one message: so the nonce is zero and never repeats under a key. Associated data are the
 * header's bytes and the name; the tag stands where a plain object has its digest.
 */
export function sealGcm(
  { id, key }: NamedKey,
  { name, kind }: ObjectAddress,
  codec: Codec,
  payload: Uint8Array,
): Uint8Array {
  const head = writeHead({ kind, codec, cipher: CIPHER, keyId: id }, payload.length)
  const salt = randomBytes(SALT)
  const cipher = createCipheriv(CIPHER, subkey(key, salt, name), NONCE, { authTagLength: TAG })
  cipher.setAAD(associated(head, name))
  const parts = [cipher.update(payload), cipher.final()]
  return Buffer.concat([head, salt, cipher.getAuthTag(), ...parts])
}

/** Throws `replica.damaged` unless it was sealed with this key under this name and kind. */
export function openGcm(
  { id, key }: NamedKey,
  address: ObjectAddress,
  found: ObjectHead,
): { codec: Codec; payload: Uint8Array } {
  const { head, rest } = found
  if (rest.length < SALT + TAG) throw damaged(address, 'it is cut short')
  const ciphertext = rest.subarray(SALT + TAG)
  assertLength(address, found, ciphertext)
  const own = subkey(key, rest.subarray(0, SALT), address.name)
  const decipher = createDecipheriv(CIPHER, own, NONCE, { authTagLength: TAG })
  decipher.setAAD(associated(head, address.name))
  decipher.setAuthTag(rest.subarray(SALT, SALT + TAG))
  const payload = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch (error) {
    const why = `key ${id} does not vouch for it: it was changed, or stood under another name`
    throw damaged(address, why, error)
  }
  return { codec: provenHeader(address, found).codec, payload }
}

function subkey(key: KeyObject, salt: Uint8Array, name: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, name, KEY_BYTES))
}

/** The header says how long it is, so the two cannot run into each other. */
function associated(head: Uint8Array, name: string): Buffer {
  return Buffer.concat([head, Buffer.from(name, 'utf8')])
}
