import { initAuthCreds } from '@whiskeysockets/baileys'
import { afterEach, expect, test } from 'vitest'
import { encodeValue } from '../../../src/authstate/codec.ts'
import { packEntries } from '../../../src/authstate/packed.ts'
import { scanPacked } from '../../../src/authstate/scan-packed.ts'
import { Scanner } from '../../../src/authstate/scanner.ts'

let scanner = new Scanner()
afterEach(async () => {
  await scanner.close()
  scanner = new Scanner()
})

/** `pad`: bytes of one of the keys. */
function packed(keys: number, pad: number): Promise<Uint8Array> {
  const entries = [{ type: 'creds', id: '', value: encodeValue(initAuthCreds()) }]
  for (let n = 1; n <= keys; n++)
    entries.push({ type: 'pre-key', id: `${n}`, value: encodeValue(Buffer.alloc(pad, n)) })
  return packEntries(entries)
}

test('small and large states come back as they are looked through here', async () => {
  const all = await Promise.all([packed(1, 1), packed(900, 300), packed(3, 40_000), packed(0, 1)])
  const expected = all.map((bytes) => scanPacked(bytes))
  expect(expected.map((found) => found?.keys)).toEqual([1, 900, 3, 0])
  expect(await Promise.all(all.map((bytes) => scanner.scan(bytes)))).toEqual(expected)
})

test('what takes a closer look is given back, and the next one is answered', async () => {
  const odd = Buffer.from(`no packed entries ${'x'.repeat(100_000)}`)
  const [back, next] = await Promise.all([
    scanner.scan(new Uint8Array(odd)),
    scanner.scan(await packed(2, 10)),
  ])
  expect(back).toBeInstanceOf(Uint8Array)
  expect(Buffer.compare(Buffer.from(back as Uint8Array), odd)).toBe(0)
  expect(next).toMatchObject({ keys: 2 })
})

test('who waits when it is closed hears of it, and the next one has a new thread', async () => {
  const waiting = scanner.scan(await packed(1, 1))
  const closing = scanner.close()
  await expect(waiting).rejects.toMatchObject({ code: 'state.sealed' })
  await closing
  expect(await scanner.scan(await packed(4, 1))).toMatchObject({ keys: 4 })
})
