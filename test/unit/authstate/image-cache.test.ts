import { expect, test } from 'vitest'

import { ImageCache } from '../../../src/authstate/image-cache.ts'
import type { Entry } from '../../../src/authstate/port.ts'

function entries(...ids: string[]): Entry[] {
  return ids.map((id) => ({ type: 'session', id, value: Buffer.alloc(800, id) }))
}

test('values are found by their key, and a session that is not here is unknown', () => {
  const cache = new ImageCache()
  cache.put(1, entries('a', 'b'))
  expect(cache.find(1, 'session', 'b')).toEqual({ value: Buffer.alloc(800, 'b') })
  expect(cache.find(1, 'session', 'c')).toEqual({ value: undefined })
  expect(cache.find(2, 'session', 'a')).toBeUndefined()
  cache.drop(1)
  expect(cache.find(1, 'session', 'a')).toBeUndefined()
})

test('past the limit the session that was used longest ago goes, never the newest', () => {
  const cache = new ImageCache(2_500)
  cache.put(1, entries('a'))
  cache.put(2, entries('a'))
  cache.entries(1)
  cache.put(3, entries('a'))
  expect([1, 2, 3].map((n) => cache.entries(n) !== undefined)).toEqual([true, false, true])
  cache.put(4, entries('a', 'b', 'c', 'd'))
  expect([1, 3, 4].map((n) => cache.entries(n) !== undefined)).toEqual([false, false, true])
  cache.put(4, entries('a'))
  cache.put(5, entries('a'))
  expect([4, 5].map((n) => cache.entries(n) !== undefined)).toEqual([true, true])
})
