import { BufferJSON, proto } from '@whiskeysockets/baileys'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeValue, encodeValue } from '../../../src/authstate/codec.ts'
import { textOfValue, valueOfText } from '../../../src/transfer/json-values.ts'

const bytes = fc.uint8Array().map((array) => Buffer.from(array))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.constantFrom('__proto__', '\0', '\ud800', 'Buffer'),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    bytes,
    fc.array(tie('value')),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { noNullPrototype: true }),
  ),
}))
const stored = value.filter((item) => Boolean(item))

const stockText = (item: unknown): string => JSON.stringify(item, BufferJSON.replacer)
const stockRead = (text: string): unknown => JSON.parse(text, BufferJSON.reviver)

test('what stock Baileys wrote becomes what it reads', () => {
  fc.assert(
    fc.property(stored, (item) => {
      const text = stockText(item)
      const found = valueOfText(text)
      expect(found && decodeValue(found)).toEqual(stockRead(text))
      expect(found).toEqual(encodeValue(stockRead(text)))
    }),
  )
})

test('what is written is read by stock Baileys as the same, and comes back byte for byte', () => {
  fc.assert(
    fc.property(stored, (item) => {
      const inside = encodeValue(item)
      const text = textOfValue(inside)
      expect(encodeValue(stockRead(text))).toEqual(inside)
      expect(valueOfText(text)).toEqual(inside)
    }),
  )
})

test('an app state key is the file that stock Baileys writes', () => {
  const key = proto.Message.AppStateSyncKeyData.fromObject({
    keyData: Buffer.alloc(32, 7),
    fingerprint: { rawId: 5, currentIndex: 1, deviceIndexes: [0, 1] },
    timestamp: 1_700_000_000,
  })
  const text = stockText(key)
  const inside = valueOfText(text)
  expect(inside).toEqual(encodeValue(key))
  expect(JSON.parse(textOfValue(inside ?? new Uint8Array()))).toEqual(JSON.parse(text))
})

test.each([
  ['Baileys 7', '{"type":"Buffer","data":"AQID"}'],
  ["Buffer's own", '{"type":"Buffer","data":[1,2,3]}'],
  ['old Baileys', '{"buffer":true,"data":"AQID"}'],
  ['an array of bytes', '{"0":1,"1":2,"2":3}'],
])('bytes in the spelling of %s', (_, text) => {
  const inside = valueOfText(`{"public":${text}}`)
  expect(inside && decodeValue(inside)).toEqual({ public: Buffer.from([1, 2, 3]) })
})

test.each(['null', 'false', '0', '""'])('%s is no value', (text) => {
  expect(valueOfText(text)).toBeUndefined()
})
