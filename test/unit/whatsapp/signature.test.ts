import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { curveJs } from '../../../src/whatsapp/hooks/libsignal.ts'
import { verifyXEdDSA } from '../../../src/whatsapp/hooks/signature.ts'

const VECTORS = 2_000
/** Order of the base point, little endian. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n

// Asked before any test installs the native check.
const library = { ...curveJs }

function fromLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed())
}

test(`${VECTORS} random vectors, sound and damaged, have the library's answer`, () => {
  // Signing costs 15 ms in JavaScript: some keys and signatures, damaged in many ways.
  const signed = Array.from({ length: 40 }, () => {
    const pair = curveJs.generateKeyPair(randomBytes(32))
    const message = randomBytes(1 + (randomBytes(1)[0] ?? 0))
    return { key: pair.public, message, signature: curveJs.sign(pair.private, message) }
  })
  const seen = { true: 0, false: 0 }
  const differing: string[] = []
  for (let n = 0; n < VECTORS; n++) {
    const random = createHash('sha256').update(String(n)).digest()
    const [choice = 0, position = 0, bit = 0, which = 0] = random
    const chosen = signed[which % signed.length]
    if (chosen === undefined) throw new Error('unreachable')
    const [key, message, signature] = [chosen.key, chosen.message, chosen.signature].map((bytes) =>
      Buffer.from(bytes),
    ) as [Buffer, Buffer, Buffer]
    const target = [undefined, key, message, signature][choice % 4]
    if (target !== undefined) {
      const at = position % target.length
      target[at] = (target[at] ?? 0) ^ (1 << (bit % 8))
    }
    // The library reduces an s beyond the group order; the native check refuses it, see below.
    if (fromLittleEndian(signature.subarray(32)) % 2n ** 255n >= L) continue
    const native = verifyXEdDSA(key, message, signature)
    seen[`${native}`]++
    if (native !== library.verify(key, message, signature)) differing.push(`vector ${n}`)
  }
  expect(differing).toEqual([])
  expect(seen.true).toBeGreaterThan(VECTORS / 8)
  expect(seen.false).toBeGreaterThan(VECTORS / 8)
}, 120_000)

describe('what the library takes and should not', () => {
  const pair = curveJs.generateKeyPair(randomBytes(32))
  const message = Buffer.from('message')
  const signature = curveJs.sign(pair.private, message)

  test('a signature with s plus the group order is refused', () => {
    const malleable = Buffer.from(signature)
    const sign = (malleable[63] ?? 0) & 0x80
    malleable[63] = (malleable[63] ?? 0) & 0x7f
    const s = fromLittleEndian(malleable.subarray(32)) + L
    malleable.set(toLittleEndian(s), 32)
    malleable[63] = (malleable[63] ?? 0) | sign
    expect(verifyXEdDSA(pair.public, message, signature)).toBe(true)
    expect(library.verify(pair.public, message, malleable)).toBe(true)
    expect(verifyXEdDSA(pair.public, message, malleable)).toBe(false)
  })

  test.each([
    ['nothing but zeros', Buffer.alloc(64)],
    ['nothing but ones', Buffer.alloc(64, 0xff)],
  ])('a signature of %s is refused', (_, bad) => {
    expect(verifyXEdDSA(pair.public, message, bad)).toBe(false)
  })

  test.each([
    ['zero', Buffer.alloc(32)],
    ['minus one', toLittleEndian(2n ** 255n - 20n)],
    ['beyond the field', Buffer.alloc(32, 0xff)],
  ])('the key %s signs nothing', (_, key) => {
    expect(verifyXEdDSA(key, message, signature)).toBe(false)
  })
})

test.each([
  ['a short key', Buffer.alloc(31), Buffer.alloc(64)],
  ['a long key', Buffer.alloc(33), Buffer.alloc(64)],
  ['a short signature', Buffer.alloc(32), Buffer.alloc(63)],
  ['a long signature', Buffer.alloc(32), Buffer.alloc(65)],
])('%s is an error', (_, key, signature) => {
  expect(() => verifyXEdDSA(key, Buffer.from('m'), signature)).toThrow(/wrong .* length/)
})
