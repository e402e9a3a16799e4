import { BufferJSON, initAuthCreds, proto } from '@whiskeysockets/baileys'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { decodeValue, encodeValue, encodeWithCare } from '../../../src/authstate/codec.ts'

function reference(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, BufferJSON.replacer), BufferJSON.reviver)
}

const bytes = fc.uint8Array().map((array) => Buffer.from(array))

const { value } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  object: fc.dictionary(
    fc.oneof(fc.string({ unit: 'binary' }), fc.nat(9).map(String), fc.constant('type')),
    tie('value'),
    { noNullPrototype: true },
  ),
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', '\0', '\ud800', '\0"x"', 'Buffer'),
    fc.double(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constantFrom(null, undefined, Number.NaN, Infinity, -0),
    fc.date({ noInvalidDate: true }),
    bytes,
    fc.uint8Array(),
    fc.uint16Array(),
    fc.nat(255).map((n) => Object(n) as object),
    fc.constant({ ['__proto__']: 1, x: { ['__proto__']: 'y' } }),
    fc.dictionary(fc.nat(300).map(String), fc.nat(300)),
    fc.array(tie('value')),
    tie('object'),
  ),
}))

/** A value with the keys of its objects in another order. */
function reordered(item: unknown): unknown {
  if (Array.isArray(item)) return item.map(reordered)
  if (typeof item !== 'object' || item === null || item instanceof Uint8Array) return item
  if (Object.getPrototypeOf(item) !== Object.prototype) return item
  return Object.fromEntries(
    Object.entries(item)
      .toReversed()
      .map(([key, member]) => [key, reordered(member)]),
  )
}

describe('against the encoding of Baileys', () => {
  test('any value comes back equal', () => {
    fc.assert(
      fc.property(value, (input) => {
        fc.pre(JSON.stringify(input) !== undefined && !hasOddBuffer(input))
        expect(decodeValue(encodeValue(input))).toStrictEqual(reference(input))
      }),
      { numRuns: 2_000 },
    )
  })

  test('creds with an account and history come back equal', () => {
    const creds = {
      ...initAuthCreds(),
      account: proto.ADVSignedDeviceIdentity.fromObject({ details: Buffer.from('details') }),
      processedHistoryMessages: [{ key: { id: 'x', fromMe: true }, messageTimestamp: 5 }],
      routingInfo: Buffer.from([8, 5]),
    }
    expect(decodeValue(encodeValue(creds))).toStrictEqual(reference(creds))
  })

  test('protobuf objects are stored as their toJSON says', () => {
    const key = proto.Message.AppStateSyncKeyData.fromObject({
      keyData: Buffer.from('secret'),
      timestamp: 1_700_000_000,
      fingerprint: { rawId: 7, currentIndex: 1, deviceIndexes: [0, 2] },
    })
    expect(decodeValue(encodeValue(key))).toStrictEqual(reference(key))
  })
})

test('equal values have equal bytes', () => {
  fc.assert(
    fc.property(value, (input) => {
      fc.pre(JSON.stringify(input) !== undefined && !hasOddBuffer(input))
      const decoded = decodeValue(encodeValue(input))
      expect(encodeValue(reordered(decoded))).toStrictEqual(encodeValue(decoded))
    }),
  )
})

test('the fast way gives the bytes of the careful one', () => {
  fc.assert(
    fc.property(value, (input) => {
      fc.pre(JSON.stringify(input) !== undefined && !hasOddBuffer(input))
      expect(encodeValue(input)).toStrictEqual(encodeWithCare(input))
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['array indices before other names', { b: 1, 10: 'x', 9: 'y', '01': 'z', a: 0 }],
  ['the largest index and what is none', { '4294967295': 'x', '4294967294': 'y', '5': 'z' }],
  ['numbers of every width', [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32, -1, -32, -33, -129]],
  ['numbers of every width below zero', [-32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1, 0.5, 1e300]],
  ['strings of every width', [31, 32, 255, 256, 65_535, 65_536].map((n) => 'x'.repeat(n))],
  ['bytes of every width', [0, 255, 256, 65_535, 65_536].map((n) => Buffer.alloc(n, 1))],
  ['long lists', [15, 16, 65_535, 65_536].map((n) => Array.from({ length: n }, () => 1))],
  ['a wide object', Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${i}`, i]))],
  ['holes, functions and undefined', { a: [undefined, () => 1], b: () => 1, c: undefined }],
  ['an object that holds bytes', { 0: 1, 1: 2 }],
])('the fast way gives the bytes of the careful one: %s', (_, input) => {
  expect(encodeValue(input)).toStrictEqual(encodeWithCare(input))
})

test('neither bytes nor decoded value share memory with what was given', () => {
  const secret = Buffer.from([1, 2, 3])
  const encoded = encodeValue({ secret })
  expect(encoded.buffer.byteLength).toBe(encoded.length)
  const decoded = decodeValue(encoded) as { secret: Buffer }
  secret.fill(9)
  encoded.fill(9)
  expect(decoded.secret).toStrictEqual(Buffer.from([1, 2, 3]))
})

test('what JSON cannot hold is refused', () => {
  expect(() => encodeValue(undefined)).toThrow(TypeError)
  expect(() => encodeValue({ n: 1n })).toThrow(TypeError)
})

test('bytes that are no encoded value are refused', () => {
  for (const wrong of [[], [0], [9, 1], [1], [1, 0x93]])
    expect(() => decodeValue(Uint8Array.from(wrong))).toThrow(Error)
})

/** `{type: 'Buffer'}` without usable data makes the reference throw, or take other objects apart. */
function hasOddBuffer(input: unknown): boolean {
  try {
    reference(input)
    return false
  } catch (error) {
    if (error instanceof TypeError) return true
    throw error
  }
}
