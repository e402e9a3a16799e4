import { GatewayError } from '../../session/errors.ts'
import { damaged, readHead, unpackObject, type ObjectAddress } from '../object.ts'
import type { Sealer } from '../sealer.ts'
import { openGcm, sealGcm } from './gcm.ts'
import type { NamedKey } from './key.ts'

/** Where the sealer takes its keys from: src/replica/crypto/keyring.ts. */
export interface KeySource {
  /** What is written is sealed with it. */
  readonly active: NamedKey
  find(id: string): NamedKey | undefined
  refresh(): Promise<boolean>
}

export interface EncryptionOptions {
  /**
   * Also reads objects that are not encrypted, for as long as a store is moved to encryption.
   * Whoever may write to the store can then put plain objects in the place of encrypted ones.
   */
  acceptPlaintext?: boolean
}

/** Encrypts what is stored; everything else about the objects stays as it was. */
export function encryptingSealer(
  keys: KeySource,
  { acceptPlaintext = false }: EncryptionOptions = {},
): Sealer {
  return {
    seal: (address, codec, payload) => sealGcm(keys.active, address, codec, payload),
    open(address, bytes) {
      const head = readHead(address, bytes)
      if (head.cipher === 'none') {
        if (acceptPlaintext) return unpackObject(address, bytes)
        throw damaged(
          address,
          'it is not encrypted, and plain objects are only read with WA_GATEWAY_ALLOW_PLAINTEXT=true',
        )
      }
      const key = keys.find(head.keyId)
      if (key === undefined) throw unknownKey(address, head.keyId)
      return openGcm(key, address, head)
    },
    refresh: () => keys.refresh(),
  }
}

function unknownKey({ name, kind, sessionId }: ObjectAddress, keyId: string): GatewayError {
  const whose = sessionId === undefined ? '' : ` of session '${sessionId}'`
  return new GatewayError({
    code: 'replica.no-key',
    subject: name,
    message: `the ${kind}${whose} in the object store is encrypted with key ${printable(keyId)}, which the keyring does not have (${name})`,
    hint: 'compare with `wa-gateway backup key list`; a keyring that was put back too far is kept in newer versions under v1/keyrings/',
  })
}

/** A damaged header can name anything. */
function printable(keyId: string): string {
  return /^[0-9a-f]{1,64}$/.test(keyId) ? keyId : JSON.stringify(keyId.slice(0, 64))
}
