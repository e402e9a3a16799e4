import { expect, test } from 'vitest'
import { foldDue, type Tail } from '../../../src/replica/fold-due.ts'

const INTERVAL = 900_000
const QUIET: Tail = { changes: 0, bytes: 0, snapshotBytes: 5_000, ageMs: 0, rangeAgeMs: 0 }
const BUSY: Tail = { ...QUIET, changes: 10, bytes: 9_999 }

test.each<[string, Tail, ReturnType<typeof foldDue>]>([
  ['nothing changed', QUIET, 'not-due'],
  ['nothing changed for long', { ...QUIET, ageMs: 10 * INTERVAL }, 'not-due'],
  ['nothing changed, an old range', { ...QUIET, rangeAgeMs: INTERVAL }, 'advanced'],
  ['nothing changed, a younger range', { ...QUIET, rangeAgeMs: INTERVAL - 1 }, 'not-due'],
  ['a few changes', BUSY, 'not-due'],
  ['a few changes, an old range', { ...BUSY, rangeAgeMs: 2 * INTERVAL }, 'not-due'],
  ['twice the snapshot', { ...BUSY, bytes: 10_000 }, 'folded'],
  ['large, but of no snapshot yet', { ...BUSY, bytes: 10_000, snapshotBytes: 0 }, 'not-due'],
  ['999 changes', { ...BUSY, changes: 999 }, 'not-due'],
  ['1,000 changes', { ...BUSY, changes: 1_000 }, 'folded'],
  ['an old snapshot', { ...BUSY, ageMs: INTERVAL }, 'folded'],
  ['a younger snapshot', { ...BUSY, ageMs: INTERVAL - 1 }, 'not-due'],
])('%s', (_, tail, due) => {
  expect(foldDue(tail, INTERVAL)).toBe(due)
})
