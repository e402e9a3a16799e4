import { expect, test } from 'vitest'
import { giveBack, isShared } from '../../../src/authstate/give-back.ts'

test('the memory of large bytes goes at once, also where a part of it is given', () => {
  const large = new Uint8Array(1_000_000)
  giveBack(large.subarray(10, 20))
  expect(large.length).toBe(0)
  // Once more does no harm.
  giveBack(large)
})

test('small bytes keep theirs, which may be the pool of all', () => {
  const pooled = Buffer.from('key')
  const beside = Buffer.from('other')
  giveBack(pooled)
  expect([pooled, beside].map(String)).toEqual(['key', 'other'])
})

test('memory that threads share does not change hands', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(1_000_000))
  giveBack(shared)
  expect([isShared(shared), shared.length]).toEqual([true, 1_000_000])
})
