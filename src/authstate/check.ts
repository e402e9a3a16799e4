import { decodeValue } from './codec.ts'
import type { Entry } from './port.ts'
import { scanValue } from './scan.ts'

/** Of these the decoded value is looked at. */
const REVIVED = new Set(['creds', 'app-state-sync-key'])

export type Revive = (type: string, value: unknown) => unknown

/**
 * What a connection would stumble over in these values, each as the rest of a sentence; empty where
 * there is nothing. `linked`: the creds must be of a device that a phone has linked.
 */
export function faultsOf(
  entries: readonly Entry[],
  { linked }: { linked: boolean },
  revive: Revive,
): string[] {
  const faults: string[] = []
  for (const { type, id, value } of entries) {
    const scanned = REVIVED.has(type) ? 'unsure' : scanValue(value)
    if (scanned === 'sound') continue
    const what = type === 'creds' ? 'its creds' : `its key ${type} ${id}`
    let decoded: unknown
    try {
      decoded = revive(type, decodeValue(value))
    } catch {
      // Why bytes cannot be decoded says nothing more, and could quote key material.
      faults.push(`${what} cannot be decoded`)
      continue
    }
    if (type === 'creds')
      for (const missing of missingCreds(decoded, linked)) faults.push(`${what} lack ${missing}`)
    else if (decoded === null) faults.push(`${what} is empty`)
  }
  return faults
}

function missingCreds(creds: unknown, linked: boolean): string[] {
  const missing: string[] = []
  const has = (name: string, sound: (value: unknown) => boolean): void => {
    if (!isObject(creds) || !sound(creds[name])) missing.push(name)
  }
  has('noiseKey', isKeyPair)
  has('signedIdentityKey', isKeyPair)
  has('signedPreKey', (value) => isObject(value) && isKeyPair(value['keyPair']))
  has('registrationId', (value) => typeof value === 'number')
  has('advSecretKey', (value) => typeof value === 'string' && value !== '')
  if (linked) has('account', isObject)
  return missing
}

function isKeyPair(value: unknown): boolean {
  return isObject(value) && isKey(value['public']) && isKey(value['private'])
}

/** A public key may carry the byte that tells its kind. */
function isKey(value: unknown): boolean {
  return value instanceof Uint8Array && (value.length === 32 || value.length === 33)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
