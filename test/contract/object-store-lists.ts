import { expect, test } from 'vitest'
import type { ObjectStore } from '../../src/store/port.ts'
import { collect } from '../support/collect.ts'
import { bytes, read } from './object-store-text.ts'

/** Lists: their order, their pages, their levels. */
export function testLists(current: () => ObjectStore): void {
  test('lists 1,100 objects in order, with sizes and times', async () => {
    const names = Array.from(
      { length: 1100 },
      (_, index) => `many/${String(index * 7).padStart(6, '0')}`,
    )
    const before = Date.now()
    for (let start = 0; start < names.length; start += 50) {
      await Promise.all(
        names.slice(start, start + 50).map((name) => current().put(name, bytes(name))),
      )
    }
    const listed = await collect(current().list('many/'))
    expect(listed.map(({ name }) => name)).toEqual(names.toSorted())
    expect(new Set(listed.map(({ size }) => size))).toEqual(new Set([11]))
    for (const { modified } of listed) {
      expect(Math.abs(modified - before)).toBeLessThan(10 * 60_000)
    }
    expect((await collect(current().list('many/0000'))).map(({ name }) => name)).toEqual(
      names.filter((name) => name.startsWith('many/0000')),
    )
    expect(await collect(current().listParts('many/'))).toHaveLength(1100)
  })

  test('lists in byte order across levels', async () => {
    const names = [
      'tree/a',
      'tree/a+b',
      'tree/a-b',
      'tree/a.b',
      'tree/a/x',
      'tree/a/x/y',
      'tree/a0',
      'tree/aA',
      'tree/b/c',
    ]
    for (const name of names.toReversed()) await current().put(name, bytes(name))
    expect((await collect(current().list('tree/'))).map(({ name }) => name)).toEqual(names)
    expect((await collect(current().list('tree/a/'))).map(({ name }) => name)).toEqual([
      'tree/a/x',
      'tree/a/x/y',
    ])
    expect(await collect(current().list('tree/nothing'))).toEqual([])
  })

  test('names the next parts once each, in order', async () => {
    const names = [
      'parts/s1/1/2',
      'parts/s1/1/3',
      'parts/s1-x/owner',
      'parts/s2',
      'parts/s2/owner',
      'parts/s0/owner',
    ]
    for (const name of names) await current().put(name, bytes('x'))
    expect(await collect(current().listParts('parts/'))).toEqual(['s0', 's1', 's1-x', 's2'])
    expect(await collect(current().listParts('parts/s1/'))).toEqual(['1'])
    expect(await collect(current().listParts('parts/nothing/'))).toEqual([])
    await current().remove('parts/s0/owner')
    expect(await collect(current().listParts('parts/'))).toEqual(['s1', 's1-x', 's2'])
    expect(await collect(current().listParts(''))).toContain('parts')
  })

  test('a list may be left early', async () => {
    await current().put('early/1', bytes('x'))
    await current().put('early/2', bytes('x'))
    for await (const { name } of current().list('early/')) {
      expect(name).toBe('early/1')
      break
    }
    expect(await read(current(), 'early/2')).toBe('x')
  })
}
