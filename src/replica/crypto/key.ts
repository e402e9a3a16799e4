import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

/** A 256-bit key under its id. The KeyObject keeps the bytes out of logs and inspections. */
export interface NamedKey {
  id: string
  key: KeyObject
}

export const KEY_BYTES = 32

/**
 * A key-encryption key. Its id is derived from it, so that a keyring can say which one it needs:
 * the first 8 bytes of sha256('wa-gateway kek' || key), in hex.
 */
export function keyEncryptionKey(bytes: Uint8Array): NamedKey {
  const digest = createHash('sha256').update('wa-gateway kek').update(bytes).digest('hex')
  return { id: digest.slice(0, 16), key: createSecretKey(bytes) }
}

export function newDataKey(): NamedKey {
  return { id: randomBytes(8).toString('hex'), key: createSecretKey(randomBytes(KEY_BYTES)) }
}
