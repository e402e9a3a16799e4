import { expect, it } from 'vitest'
import { lineageOf } from '../../../src/replica/copy/lineage.ts'

const SOURCE = { epoch: 2, boot: 'a', seq: 5, writeId: 'w', removed: false }

it.each([
  ['the same write', {}, true, 'same'],
  ['of a boot that never wrote at the source', { writeId: 'x' }, false, 'used'],
  ['of an earlier epoch', { writeId: 'x', epoch: 1, seq: 9 }, true, 'older'],
  ['of a later epoch', { writeId: 'x', epoch: 3, seq: 1 }, true, 'newer'],
  ['removed since', { writeId: 'x', removed: true }, true, 'newer'],
  ['of another boot in the same epoch', { writeId: 'x', boot: 'b' }, true, 'used'],
  ['of as many changes', { writeId: 'x' }, true, 'older'],
  ['of fewer changes', { writeId: 'x', seq: 4 }, true, 'older'],
  ['of more changes', { writeId: 'x', seq: 6 }, true, 'newer'],
] as const)('a record at the destination %s', (_, there, knowsBoot, lineage) => {
  expect(lineageOf(SOURCE, { ...SOURCE, ...there }, knowsBoot)).toBe(lineage)
})

it('a record at the destination from before the removal is older, whoever removed it', () => {
  const there = { ...SOURCE, writeId: 'x', boot: 'b' }
  expect(lineageOf({ ...SOURCE, removed: true }, there, true)).toBe('older')
  expect(lineageOf(SOURCE, undefined, true)).toBe('absent')
})
