import { setImmediate as turn } from 'node:timers/promises'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Budget } from '../../../src/replica/verify/budget.ts'

test('no more runs at once than fits, in order, and what is too large runs alone', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(sizes, async (all) => {
      const budget = new Budget(10)
      const running = new Set<number>()
      const begun: number[] = []
      await Promise.all(
        all.map((bytes, index) =>
          budget.run(bytes, async () => {
            begun.push(index)
            running.add(index)
            for (let n = 0; n < bytes % 3; n++) await turn()
            const sum = [...running].reduce((total, one) => total + (all[one] ?? 0), 0)
            expect(
              sum <= 10 || [...running].filter((one) => (all[one] ?? 0) > 0).length === 1,
            ).toBe(true)
            running.delete(index)
          }),
        ),
      )
      expect(begun).toEqual(all.map((_, index) => index))
    }),
    { numRuns: 60 },
  )
})

test('what fails gives back what it had', async () => {
  const budget = new Budget(10)
  await expect(budget.run(10, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await budget.run(10, async () => 'next')).toBe('next')
})
