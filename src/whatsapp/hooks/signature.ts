import { createPublicKey, verify as nodeVerify, type KeyObject } from 'node:crypto'
import { curveJs } from './libsignal.ts'

/*
 * libsignal verifies XEdDSA signatures in JavaScript (17 ms each, two a login) and Baileys drops
 * the boolean it answers, so an impostor's certificate chain passes. Here the check is native
 * (0.1-0.3 ms) and throws when a signature is wrong, so that it counts.
 */

const P = (1n << 255n) - 19n
const LOW_255_BITS = (1n << 255n) - 1n
/** DER prefix of an Ed25519 SubjectPublicKeyInfo. */
const SPKI_ED25519 = Buffer.from('302a300506032b6570032100', 'hex')
/** WhatsApp's root and intermediate come back on every login; contacts' keys come and go. */
const CACHED_KEYS = 64

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed())
}

/** Modular inverse by the extended Euclidean algorithm; `value` is not 0 mod P. */
function invert(value: bigint): bigint {
  let [r0, r1, s0, s1] = [P, value, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[s0, s1] = [s1, s0 - quotient * s1]
  }
  return ((s0 % P) + P) % P
}

/** The Edwards y coordinate of a Montgomery u coordinate: y = (u - 1) / (u + 1). */
function edwardsY(montgomeryU: Uint8Array): Buffer {
  const u = (fromLittleEndian(montgomeryU) & LOW_255_BITS) % P
  const denominator = (u + 1n) % P
  if (denominator === 0n) return Buffer.alloc(32)
  return toLittleEndian((((u - 1n + P) % P) * invert(denominator)) % P)
}

const keys = new Map<string, KeyObject>()

function ed25519Key(publicKey: Uint8Array, sign: boolean): KeyObject {
  const name = `${sign ? 1 : 0}${Buffer.from(publicKey).toString('latin1')}`
  const cached = keys.get(name)
  if (cached !== undefined) {
    keys.delete(name)
    keys.set(name, cached)
    return cached
  }
  const y = edwardsY(publicKey)
  if (sign) y[31] = (y[31] ?? 0) | 0x80
  const key = createPublicKey({
    key: Buffer.concat([SPKI_ED25519, y]),
    format: 'der',
    type: 'spki',
  })
  keys.set(name, key)
  const oldest = keys.size > CACHED_KEYS ? keys.keys().next().value : undefined
  if (oldest !== undefined) keys.delete(oldest)
  return key
}

/** XEdDSA verification: a Curve25519 public key of 32 bytes, a signature of 64. */
export function verifyXEdDSA(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== 32) throw new Error('wrong public key length')
  if (signature.length !== 64) throw new Error('wrong signature length')
  const ed25519 = Buffer.from(signature)
  const last = ed25519[63] ?? 0
  ed25519[63] = last & 0x7f
  let key: KeyObject
  try {
    key = ed25519Key(publicKey, (last & 0x80) !== 0)
  } catch {
    // OpenSSL refuses the encoding: no signature can be valid under a key that is no point.
    return false
  }
  return nodeVerify(null, message, key, ed25519)
}

let installed = false

/** Makes every signature check of libsignal and Baileys in this process native and binding. */
export function installNativeSignatureCheck(): void {
  if (installed) return
  installed = true
  curveJs.verify = (publicKey, message, signature) => {
    if (!verifyXEdDSA(publicKey, message, signature)) throw new Error('invalid signature')
    return true
  }
}
