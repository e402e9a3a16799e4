import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'

import { GENESIS_HASH, continues } from '../../../src/authstate/chain.ts'
import { decodeRecord, encodeRecord } from '../../../src/authstate/record.ts'
import { packWrites, unpackWrites } from '../../../src/authstate/writes.ts'

const genesis = Buffer.from(GENESIS_HASH, 'hex')
const writes = fc.array(
  fc.record({
    type: fc.string(),
    id: fc.string(),
    value: fc.option(fc.uint8Array()),
  }),
)

const number = fc.maxSafeNat()

test('a record gives back the change that it was made of', () => {
  fc.assert(
    fc.property(writes, number, number, (changed, seq, at) => {
      const { record, hash } = encodeRecord(seq, genesis, changed, at)
      expect(record.buffer.byteLength).toBe(record.length)
      const change = decodeRecord(record)
      expect(change).toMatchObject({ seq, at, previous: GENESIS_HASH, hash: hash.toString('hex') })
      expect(change.writes.map((write) => [write.type, write.id])).toEqual(
        changed.map((write) => [write.type, write.id]),
      )
      for (const [i, write] of change.writes.entries())
        expect(write.value && Array.from(write.value)).toEqual(
          changed[i]?.value && Array.from(changed[i].value),
        )
    }),
  )
})

test('types that begin alike are told apart, whichever comes first', () => {
  const types = [
    'sender-key-memory',
    'sender-key',
    '',
    'sender-key',
    'sender-key-memory',
    'ä',
    'Ã¤',
  ]
  const changed = types.map((type) => ({ type, id: 'a', value: null }))
  expect(unpackWrites(packWrites(changed))).toEqual(changed)
})

test('the hash is sha256 over the previous hash, the number, the time and the body', () => {
  const changed = [{ type: 'session', id: '49.0', value: Uint8Array.of(1, 2) }]
  const previous = createHash('sha256').update('before').digest()
  const { hash } = encodeRecord(258, previous, changed, 2 ** 40 + 3)
  const expected = createHash('sha256')
    .update(previous)
    .update(Buffer.from('00000000000001020000010000000003', 'hex'))
    .update(packWrites(changed))
    .digest()
  expect(hash).toEqual(expected)
})

test('any flipped bit is found', () => {
  const changed = [
    { type: 'creds', id: '', value: Uint8Array.of(1, 2, 3) },
    { type: 'pre-key', id: '5', value: null },
  ]
  const { record } = encodeRecord(7, genesis, changed, 1_700_000_000_000)
  for (let bit = 0; bit < record.length * 8; bit += 1) {
    const damaged = Uint8Array.from(record)
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => decodeRecord(damaged), `bit ${bit}`).toThrow(
      expect.objectContaining({ code: 'state.corrupt' }),
    )
  }
})

describe('what follows on a chain', () => {
  const end = { seq: 4, hash: 'aa' }
  test.each([
    [5, 'aa', true],
    [4, 'aa', false],
    [6, 'aa', false],
    [5, 'ab', false],
  ])('change %i after %s: %s', (seq, previous, expected) => {
    expect(continues(end, { seq, previous })).toBe(expected)
  })
})

test('keys that UTF-8 would alter are refused', () => {
  expect(() => packWrites([{ type: 'session', id: '\ud800', value: null }])).toThrow(TypeError)
})

test('writes are packed as msgpack packs the flat list of them', () => {
  const packr = new Packr({ useRecords: false })
  fc.assert(
    fc.property(writes, (changed) => {
      const flat = changed.flatMap(({ type, id, value }) => [type, id, value])
      expect(packWrites(changed)).toStrictEqual(new Uint8Array(packr.pack(flat)))
    }),
  )
})

test('bytes that are no list of writes are refused', () => {
  for (const wrong of [[0xc0], [0x91, 0xa1, 0x61], [0x93, 0x01, 0x02, 0x03]])
    expect(() => unpackWrites(Uint8Array.from(wrong))).toThrow(TypeError)
})

test.each([
  ['a value cut short', [0x93, 0xa1, 0x61, 0xa1, 0x62, 0xc4, 0x05, 0x01]],
  ['a size cut short', [0x93, 0xa1, 0x61, 0xa1, 0x62, 0xc5, 0x00]],
  ['a name cut short', [0x93, 0xa1, 0x61, 0xa9, 0x62]],
  ['a value missing', [0x93, 0xa1, 0x61, 0xa1, 0x62]],
  ['more than the list', [0x93, 0xa1, 0x61, 0xa1, 0x62, 0xc0, 0xc0]],
])('a list of writes with %s is refused', (_, wrong) => {
  expect(() => unpackWrites(Uint8Array.from(wrong))).toThrow(Error)
})
