import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { moved, settled, START, type Move } from '../../../src/tui/position.ts'

const KEYS = Array.from({ length: 100 }, (_, n) => `k${n}`)
const MOVES = ['up', 'down', 'page-up', 'page-down', 'first', 'last'] as const

test.each<[Move, number, number, number]>([
  ['down', 5, 6, 0],
  ['up', 5, 4, 0],
  ['page-down', 5, 14, 5],
  ['page-up', 5, 0, 0],
  ['last', 5, 99, 90],
  ['first', 5, 0, 0],
])('%s from row %i leads to row %i', (move, from, index, top) => {
  const position = moved({ key: `k${from}`, index: from, top: 0 }, move, KEYS, 10)
  expect(position).toMatchObject({ index, top })
})

test('the cursor stays on its key, and on its row of the screen, when the order changes', () => {
  const before = { key: 'k50', index: 50, top: 45 }
  const reversed = KEYS.toReversed()
  expect(settled(before, reversed, 10)).toEqual({ key: 'k50', index: 49, top: 44 })
})

test('a key that has gone leaves the cursor where it was', () => {
  const left = KEYS.filter((key) => key !== 'k50')
  expect(settled({ key: 'k50', index: 50, top: 45 }, left, 10)).toEqual({
    key: 'k51',
    index: 50,
    top: 45,
  })
})

test('without a move it stays at its home, whatever comes', () => {
  expect(settled(START, KEYS, 10)).toEqual({ index: 0, top: 0 })
  expect(settled(START, KEYS, 10, 'last')).toEqual({ index: 99, top: 90 })
  const left = moved({ index: 99, top: 90 }, 'up', KEYS, 10, 'last')
  expect(settled(left, [...KEYS, 'new'], 10, 'last').index).toBe(98)
  const home = moved(left, 'down', KEYS, 10, 'last')
  expect(settled(home, [...KEYS, 'new'], 10, 'last').index).toBe(100)
})

test('an empty list has a place too', () => {
  expect(settled({ key: 'k1', index: 1, top: 0 }, [], 10)).toEqual(START)
  expect(moved(START, 'down', [], 10)).toEqual(START)
})

test('whatever happens, the cursor is in the list and on the screen, and no row is wasted', () => {
  const act = fc.oneof(
    fc.record({ move: fc.constantFrom(...MOVES) }),
    fc.record({ keys: fc.shuffledSubarray(KEYS), height: fc.integer({ min: 1, max: 40 }) }),
  )
  fc.assert(
    fc.property(
      fc.array(act, { maxLength: 40 }),
      fc.constantFrom('first', 'last'),
      (acts, home) => {
        let keys: readonly string[] = KEYS
        let height = 10
        let position = START
        for (const next of acts) {
          if ('move' in next) position = moved(position, next.move, keys, height, home)
          else {
            ;({ keys, height } = next)
            position = settled(position, keys, height, home)
          }
          const { index, top, key } = position
          expect(top).toBeGreaterThanOrEqual(0)
          expect(index).toBeGreaterThanOrEqual(top)
          expect(index).toBeLessThan(top + height)
          expect(index).toBeLessThan(Math.max(1, keys.length))
          expect(top).toBeLessThanOrEqual(Math.max(0, keys.length - height))
          expect(key ?? keys[index]).toBe(keys[index])
        }
      },
    ),
  )
})
