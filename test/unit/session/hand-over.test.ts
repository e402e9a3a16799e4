import { expect, test } from 'vitest'
import { isFreed, nextToLookAt } from '../../../src/session/hand-over.ts'

const held = (epoch: number) => ({ epoch, released: false })
const released = (epoch: number) => ({ epoch, released: true })

test.each([
  ['there is no record', held(3), undefined, false],
  ['it is held at the first look', undefined, held(3), false],
  ['it is still held', held(3), held(3), false],
  ['it was released before the first look', undefined, released(3), true],
  ['it was released since', held(3), released(3), true],
  ['its release was told already', released(3), released(3), false],
  ['another one has it', held(3), held(4), true],
  ['another one had it and released it', released(3), released(4), true],
])('%s', (_, before, now, freed) => {
  expect(isFreed(before, now)).toBe(freed)
})

test('whoever waits longest is looked at next, after some seconds', () => {
  const at = (lookedAt: number) => ({ lookedAt })
  const waiting = [at(2_000), at(1_000), at(3_000)]
  expect(nextToLookAt([], 10_000, 0.5)).toBeUndefined()
  expect(nextToLookAt(waiting, 3_999, 0.5)).toBeUndefined()
  expect(nextToLookAt(waiting, 4_000, 0.5)).toEqual(at(1_000))
  expect(nextToLookAt(waiting, 4_000, 0.9)).toBeUndefined()
  expect(nextToLookAt([...waiting, at(-Infinity)], 0, 0.9)).toEqual(at(-Infinity))
})
