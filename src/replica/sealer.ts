import { GatewayError } from '../session/errors.ts'
import { packObject, readHead, unpackObject, type Codec, type ObjectAddress } from './object.ts'

/**
 * Wraps everything that goes into the object store, and proves everything that comes out of it.
 * `seal` need not give the same bytes twice: freeze them before a write that may be repeated.
 */
export interface Sealer {
  seal(address: ObjectAddress, codec: Codec, payload: Uint8Array): Uint8Array
  /**
   * Throws `replica.damaged` unless the bytes were sealed under this very name and kind, and
   * `replica.no-key` where the key that they name is not known; see `withKeys`.
   */
  open(address: ObjectAddress, bytes: Uint8Array): { codec: Codec; payload: Uint8Array }
  /** Learns keys that were added since; false where there is nothing new. */
  refresh(): Promise<boolean>
}

/** Digests, no encryption: finds accidents, not forgeries. */
export const plainSealer: Sealer = {
  seal({ name, kind }, codec, payload) {
    return packObject(name, { kind, codec, cipher: 'none', keyId: '' }, payload)
  },
  open(address, bytes) {
    const { cipher, keyId } = readHead(address, bytes)
    if (cipher !== 'none' && keyId !== '') throw encrypted(address, keyId)
    return unpackObject(address, bytes)
  },
  refresh: () => Promise.resolve(false),
}

/** Runs `open`; where it met a key that is not known yet, once more after a look for new keys. */
export async function withKeys<T>(sealer: Sealer, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (!isNoKey(error) || !(await sealer.refresh())) throw error
    return open()
  }
}

/** Damaged, or sealed with a key that even a fresh keyring does not have: trying again is in vain. */
export function isUnreadable(error: unknown): error is GatewayError {
  return isNoKey(error) || (error instanceof GatewayError && error.code === 'replica.damaged')
}

function isNoKey(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === 'replica.no-key'
}

function encrypted({ name, kind, sessionId }: ObjectAddress, keyId: string): GatewayError {
  const whose = sessionId === undefined ? '' : ` of session '${sessionId}'`
  return new GatewayError({
    code: 'replica.no-key',
    subject: name,
    message: `the ${kind}${whose} in the object store is encrypted with key ${keyId}, and this worker has no key (${name})`,
    hint: 'set WA_GATEWAY_ENCRYPTION_KEY to the key that the other workers use',
  })
}
