import { setImmediate as turn } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { Deliveries } from '../../../src/authstate/deliveries.ts'

function items(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

test('a short list is handed out at once, a long one over several turns', async () => {
  const seen: number[] = []
  const told: string[] = []
  const deliveries = new Deliveries<number>((some) => seen.push(...some))
  deliveries.add(items(3), () => told.push('short'))
  expect([seen, told]).toEqual([items(3), ['short']])
  deliveries.add(items(1_000), () => told.push('long'))
  deliveries.add([], () => told.push('empty'))
  expect(seen.length).toBeLessThan(200)
  expect(told).toEqual(['short'])
  while (told.length < 3) await turn()
  expect(told).toEqual(['short', 'long', 'empty'])
  expect(seen).toEqual([...items(3), ...items(1_000)])
})

test('a flush hands out everything, each thing once, even from within a delivery', async () => {
  const seen: number[] = []
  const told: string[] = []
  const deliveries = new Deliveries<number>((some) => {
    seen.push(...some)
    if (seen.length < 200) deliveries.flush()
  })
  deliveries.add(items(500), () => told.push('first'))
  deliveries.add(items(10), () => told.push('second'))
  deliveries.flush()
  await turn()
  await turn()
  expect(seen).toEqual([...items(500), ...items(10)])
  expect(told).toEqual(['first', 'second'])
})
