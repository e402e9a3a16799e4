import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { GENESIS_HASH } from '../../../../src/authstate/chain.ts'
import type { Entry } from '../../../../src/authstate/port.ts'
import { encodeRecord } from '../../../../src/authstate/record.ts'
import { difference, valuesOf, withChanges } from '../../../../src/daemon/drill/compare.ts'

const entry = (type: string, id: string, text: string): Entry => ({
  type,
  id,
  value: Buffer.from(text),
})

const entries = [entry('creds', '', 'c'), entry('session', 'a', '1'), entry('session', 'b', '2')]

test('the same values in any order are the same', () => {
  expect(difference(valuesOf(entries), valuesOf(entries.toReversed()))).toBeUndefined()
})

test('one value missing, one too many, one byte different: each is seen, none is quoted', () => {
  const [creds, a, b] = entries
  const other = [creds, a].flatMap((one) => one ?? [])
  expect(difference(valuesOf(entries), valuesOf(other))).toContain('1 values are missing')
  expect(difference(valuesOf(other), valuesOf(entries))).toContain('1 too many')
  const changed = [...other, { ...b, type: 'session', id: 'b', value: Buffer.from('3') }]
  expect(difference(valuesOf(entries), valuesOf(changed))).toBe(
    '0 values are missing, 0 too many, 1 different',
  )
})

test('changes that came later lead from an older state to the newer one', () => {
  const change = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    text: fc.option(fc.string({ minLength: 1, maxLength: 4 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let previous = GENESIS_HASH
      const expected = new Map(entries.map((one) => [`${one.type} ${one.id}`, one]))
      const journal = changes.map(({ id, text }, index) => {
        const value = text === undefined ? null : Buffer.from(text)
        const seq = index + 1
        const write = { type: 'session', id, value }
        const { record, hash } = encodeRecord(seq, Buffer.from(previous, 'hex'), [write], seq)
        const one = { seq, previous, hash: hash.toString('hex'), record }
        previous = one.hash
        if (value === null) expected.delete(`session ${id}`)
        else expected.set(`session ${id}`, { type: 'session', id, value })
        return one
      })
      const after = withChanges(valuesOf(entries), journal)
      expect(difference(valuesOf([...expected.values()]), after)).toBeUndefined()
    }),
  )
})
