import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../../src/authstate/codec.ts'
import { scanValue } from '../../../src/authstate/scan.ts'

function decodes(bytes: Uint8Array): boolean {
  try {
    decodeValue(bytes)
    return true
  } catch {
    // Whatever it throws, it cannot be decoded.
    return false
  }
}

const anything = fc.anything({ withDate: true, withTypedArray: true, maxDepth: 4 })

test('whatever is encoded is sound, or left to the decoder', () => {
  fc.assert(
    fc.property(fc.object({ maxDepth: 4 }), (value) => {
      expect(scanValue(encodeValue(value))).not.toBe('empty')
    }),
  )
  expect(scanValue(encodeValue({ public: Buffer.alloc(32), private: Buffer.alloc(32) }))).toBe(
    'sound',
  )
  expect(scanValue(encodeValue({ list: [1, -7, 70_000, 1.5, 'ä'.repeat(300), null, true] }))).toBe(
    'sound',
  )
  expect(scanValue(encodeValue(Buffer.alloc(70_000)))).toBe('sound')
  expect(scanValue(encodeValue(null))).toBe('empty')
})

test('what it calls sound can be decoded, however the bytes came about', () => {
  const broken = fc
    .tuple(fc.oneof(fc.object({ maxDepth: 3 }), anything), fc.nat(), fc.nat(255), fc.nat(3))
    .map(([value, where, byte, how]) => {
      let bytes: Uint8Array
      try {
        bytes = Uint8Array.from(encodeValue(value))
      } catch {
        // Not everything can be encoded: any bytes will do.
        bytes = Uint8Array.from([1, byte, where & 255, byte])
      }
      const place = where % bytes.length
      if (how === 0) return bytes.subarray(0, place)
      if (how === 1) return Uint8Array.from([...bytes, byte])
      bytes[place] = byte
      return bytes
    })
  fc.assert(
    fc.property(broken, (bytes) => scanValue(bytes) !== 'sound' || decodes(bytes)),
    { numRuns: 5_000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (tail) => {
      const bytes = Uint8Array.from([1, ...tail])
      return scanValue(bytes) !== 'sound' || decodes(bytes)
    }),
    { numRuns: 5_000 },
  )
})

test('what is nested without end is left to the decoder', () => {
  expect(scanValue(Uint8Array.from([1, ...Array.from({ length: 10_000 }, () => 0x91)]))).toBe(
    'unsure',
  )
})
