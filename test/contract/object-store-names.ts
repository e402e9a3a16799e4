import { expect, test } from 'vitest'
import type { ObjectStore } from '../../src/store/port.ts'
import { collect } from '../support/collect.ts'
import { bytes, read } from './object-store-text.ts'

/** Which names there may be. */
export function testNames(current: () => ObjectStore): void {
  const oddNames = [
    '00012',
    '1e5',
    'true',
    'a+b',
    '+',
    '-',
    '_',
    '...',
    '.hidden',
    'x@y.z',
    'UPPER/lower',
    '5511999999999@s.whatsapp.net',
    `long/${'n'.repeat(200)}`,
    Array.from({ length: 9 }, () => 'p'.repeat(99)).join('/'),
  ]
  test('takes odd but allowed names, and lists them as they are', async () => {
    for (const name of oddNames) await current().put(`odd/${name}`.slice(0, 900), bytes(name))
    const top = oddNames.slice(0, 3)
    for (const name of top) await current().put(name, bytes(name))
    const listed = (await collect(current().list(''))).map(({ name }) => name)
    expect(listed).toEqual(
      expect.arrayContaining([...oddNames.map((name) => `odd/${name}`.slice(0, 900)), ...top]),
    )
    for (const name of oddNames) {
      expect(await read(current(), `odd/${name}`.slice(0, 900))).toBe(name)
    }
  })

  const badNames = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    '../../etc/passwd',
    'a/.',
    'a b',
    'a\\b',
    'a\0b',
    'a=b',
    'a%2fb',
    'ü',
    'a\nb',
    'n'.repeat(201),
    `${'p'.repeat(99)}/`.repeat(9) + 'x',
  ]
  test.each(badNames)('refuses the name %j everywhere', async (name) => {
    const refusal = expect.objectContaining({ code: 'store.bad-name' })
    await expect(async () => current().get(name)).rejects.toEqual(refusal)
    await expect(async () => current().put(name, bytes('x'))).rejects.toEqual(refusal)
    await expect(async () => current().putIfAbsent(name, bytes('x'))).rejects.toEqual(refusal)
    await expect(async () => current().compareAndSwap(name, bytes('x'), 'e')).rejects.toEqual(
      refusal,
    )
    await expect(async () => current().remove(name)).rejects.toEqual(refusal)
  })

  test.each(['/', 'a//', '../', 'a/../', '/a', 'a b'])('refuses the prefix %j', async (prefix) => {
    const refusal = expect.objectContaining({ code: 'store.bad-name' })
    await expect(async () => collect(current().list(prefix))).rejects.toEqual(refusal)
    await expect(async () => collect(current().listParts(prefix))).rejects.toEqual(refusal)
  })
}
