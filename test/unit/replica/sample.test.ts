import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { after, inSample, WHOLE } from '../../../src/replica/verify/sample.ts'

test('samples that follow on each other cover every name, none twice in a round', () => {
  fc.assert(
    fc.property(fc.nat(WHOLE - 1), fc.integer({ min: 1, max: 40 }), (start, parts) => {
      const size = WHOLE / parts
      const names = Array.from({ length: 200 }, (_, i) => `session-${i}`)
      const read: string[] = []
      let sample = { from: start, size }
      for (let n = 0; n < parts; n++) {
        read.push(...names.filter((name) => inSample(sample, name)))
        sample = { from: after(sample), size }
      }
      expect(read.toSorted()).toEqual(names.toSorted())
    }),
  )
})

test('a sample of everything has everything', () => {
  expect(inSample({ from: 77, size: WHOLE }, 'anna')).toBe(true)
})
