import type { AuthenticationCreds } from '@whiskeysockets/baileys'

import { decodeValue } from './codec.ts'
import { corruptSession } from './sqlite-error.ts'

/** Turns a decoded value into what Baileys wants, e.g. protobuf objects; others are passed through. */
export type Revive = (type: string, value: unknown) => unknown

/** Creds that cannot be read are an error: a fresh identity would silently replace the account. */
export function decodeCreds(
  sessionId: string,
  bytes: Uint8Array | undefined,
  revive: Revive = (_, value) => value,
): AuthenticationCreds {
  if (bytes === undefined) throw corruptSession(sessionId, 'the creds are missing')
  let creds: unknown
  try {
    creds = revive('creds', decodeValue(bytes))
  } catch (cause) {
    throw corruptSession(sessionId, 'the creds cannot be decoded', cause)
  }
  if (!isCreds(creds)) throw corruptSession(sessionId, 'the creds hold no identity key')
  return creds
}

function isCreds(value: unknown): value is AuthenticationCreds {
  if (typeof value !== 'object' || value === null) return false
  const { noiseKey, signedIdentityKey } = value as Partial<AuthenticationCreds>
  return [noiseKey, signedIdentityKey].every((pair) => pair?.private instanceof Uint8Array)
}

/** creds.account exists once a phone linked the device. */
export function isPaired(creds: Uint8Array): boolean {
  const value = decodeValue(creds)
  return typeof value === 'object' && value !== null && 'account' in value && value.account !== null
}
