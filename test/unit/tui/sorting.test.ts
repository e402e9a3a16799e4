import { expect, test } from 'vitest'
import { meets, nextSort, sorted, SORTS, type Sort } from '../../../src/tui/sorting.ts'
import { session } from '../../support/fake-methods.ts'

const VIEWS = [
  session('anna', { since: 5, lastActivity: 9, seq: 10, storedSeq: 10 }),
  session('ben', { state: 'failed', cause: 'damaged', since: 4, seq: 10, storedSeq: 3 }),
  session('carl', { flapping: true, since: 3, lastActivity: 10 }),
  session('dora', { state: 'reconnecting', since: 2, name: 'Dora Müller', phone: '491701' }),
  session('emil', { state: 'failed', since: 1 }),
]

test.each<[Sort, string]>([
  ['worst first', 'emil ben dora carl anna'],
  ['by name', 'anna ben carl dora emil'],
  ['last change', 'anna ben carl dora emil'],
  ['last activity', 'carl anna ben dora emil'],
  ['behind', 'ben anna carl dora emil'],
])('%s', (sort, ids) => {
  expect(sorted(VIEWS, sort).map(({ id }) => id)).toEqual(ids.split(' '))
})

test('sorting goes round', () => {
  expect(SORTS.map(nextSort)).toEqual([...SORTS.slice(1), SORTS[0]])
})

test.each([
  ['', 'anna ben carl dora emil'],
  ['fail', 'ben emil'],
  ['FAIL damaged', 'ben'],
  ['auth state is damaged', 'ben'],
  ['müller', 'dora'],
  ['4917', 'dora'],
  ['flapping', 'carl'],
  ['nobody', ''],
])("the filter '%s' leaves '%s'", (filter, ids) => {
  const left = VIEWS.filter((view) => meets(filter, view)).map(({ id }) => id)
  expect(left.join(' ')).toBe(ids)
})
