import { createPrivateKey, createPublicKey } from 'node:crypto'
import { decodeValue } from '../authstate/codec.ts'
import type { Entry } from '../authstate/port.ts'

/** What is wrong with a state that was brought, in words that name no key's bytes. */
export interface StateCheck {
  /** No phone has linked the device: there is nothing to move. */
  unpaired: boolean
  /** The identity is not whole: nothing can be done with it. */
  fatal: string[]
  /** Messages would be lost or unreadable with it. */
  faults: string[]
  /** Usable, but what a person should know. */
  warnings: string[]
}

interface Creds {
  me?: { id?: unknown }
  account?: unknown
  noiseKey?: unknown
  signedIdentityKey?: unknown
  signedPreKey?: { keyPair?: unknown; signature?: unknown; keyId?: unknown }
  registrationId?: unknown
  advSecretKey?: unknown
  firstUnuploadedPreKeyId?: unknown
  nextPreKeyId?: unknown
  myAppStateKeyId?: unknown
}

/** Whether creds and keys are complete and belong together. */
export function checkState(entries: readonly Entry[]): StateCheck {
  const check: StateCheck = { unpaired: false, fatal: [], faults: [], warnings: [] }
  const stored = entries.find(({ type }) => type === 'creds')
  const creds = (stored && decodeValue(stored.value)) as Creds | null | undefined
  if (typeof creds !== 'object' || creds === null || Array.isArray(creds)) {
    check.fatal.push('creds.json holds no creds')
    return check
  }
  checkIdentity(creds, check)
  const preKeys = entries.filter(({ type }) => type === 'pre-key')
  checkPreKeys(creds, preKeys, check)
  checkAppState(creds, entries, check)
  return check
}

function checkIdentity(creds: Creds, check: StateCheck): void {
  const { me, account, noiseKey, signedIdentityKey, signedPreKey } = creds
  check.unpaired = typeof account !== 'object' || account === null
  const lacking = [
    ['noiseKey', isPair(noiseKey)],
    ['signedIdentityKey', isPair(signedIdentityKey)],
    ['signedPreKey', isPair(signedPreKey?.keyPair) && isBytes(signedPreKey?.signature, 64)],
    ['registrationId', typeof creds.registrationId === 'number'],
    ['advSecretKey', typeof creds.advSecretKey === 'string' && creds.advSecretKey !== ''],
    ['me', check.unpaired || typeof me?.id === 'string'],
    ['nextPreKeyId', Number.isInteger(creds.nextPreKeyId)],
  ].flatMap(([name, there]) => (there === true ? [] : [name]))
  if (lacking.length > 0) check.fatal.push(`creds.json lacks ${lacking.join(', ')}`)
  for (const [name, pair] of [
    ['noiseKey', noiseKey],
    ['signedIdentityKey', signedIdentityKey],
    ['signedPreKey', signedPreKey?.keyPair],
  ] as const)
    if (isPair(pair) && !belongTogether(pair))
      check.fatal.push(`the halves of ${name} in creds.json do not belong together`)
}

/** Creds older than the keys would make Baileys hand out ids again that live pre-keys have. */
function checkPreKeys(creds: Creds, preKeys: readonly Entry[], check: StateCheck): void {
  const ids = new Set(preKeys.map(({ id }) => Number(id)))
  const next = Number(creds.nextPreKeyId)
  const first = Number(creds.firstUnuploadedPreKeyId)
  const newest = Math.max(0, ...ids)
  if (newest >= next)
    check.faults.push(
      `creds.json is older than the keys: it would make pre-key ${next} next, and there is pre-key ${newest}`,
    )
  for (const { id, value } of preKeys)
    if (!isPair(decodeValue(value))) check.faults.push(`pre-key ${id} is no pair of keys`)
  if (check.unpaired) return
  let missing = 0
  for (let id = first; id < next; id++) if (!ids.has(id)) missing++
  if (missing > 0)
    check.warnings.push(
      `${missing} pre-keys that were not uploaded yet are missing; Baileys makes new ones`,
    )
  if (ids.size === 0)
    check.warnings.push(
      'there are no pre-keys: first messages of new contacts fail until it is online',
    )
}

function checkAppState(creds: Creds, entries: readonly Entry[], check: StateCheck): void {
  const keys = new Set(entries.flatMap(({ type, id }) => (type === APP_STATE_KEY ? [id] : [])))
  const current = creds.myAppStateKeyId
  if (typeof current === 'string' && !keys.has(current))
    check.warnings.push('the present app state key is missing: settings and archive sync again')
  const versions = entries.filter(({ type }) => type === 'app-state-sync-version').length
  if (versions > 0 && keys.size === 0)
    check.warnings.push('there are app state versions without keys: they sync again')
}

const APP_STATE_KEY = 'app-state-sync-key'

interface Pair {
  public: Uint8Array
  private: Uint8Array
}

function isPair(value: unknown): value is Pair {
  if (typeof value !== 'object' || value === null) return false
  const { public: open, private: secret } = value as Partial<Pair>
  return isBytes(secret, 32) && (isBytes(open, 32) || isBytes(open, 33))
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

/** What stands before the 32 bytes of an X25519 key in DER. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** A public key of 33 bytes begins with one that tells its kind. */
function belongTogether(pair: Pair): boolean {
  const key = Buffer.concat([PKCS8, pair.private])
  const secret = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  const derived = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32)
  return derived.equals(Buffer.from(pair.public).subarray(-32))
}
