import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Entry } from '../../../src/authstate/port.ts'
import {
  decodePortable,
  encodePortable,
  masterKeys,
  newMasterKey,
} from '../../../src/transfer/portable.ts'
import { entry, linkedState } from './states.ts'

/** As few rounds as the format allows: the tests are not about guessing. */
const CHEAP = { log2N: 10, r: 1, p: 1 }
const WORDS = 'correct horse battery staple'
const about = {
  session: 'anna',
  worker: 'w1',
  seq: 7,
  hash: 'ab'.repeat(32),
  at: 1_700_000_000_000,
}
const unlock = (words = WORDS) => masterKeys(async () => words)

test('a session comes back byte for byte, with what is said about it', async () => {
  const entries = linkedState()
  const file = await encodePortable(about, entries, await newMasterKey(WORDS, CHEAP))
  const read = await decodePortable(file, unlock())
  expect(read.about).toEqual(about)
  expect(read.entries.map(plain)).toEqual(entries.map(plain))
})

test('any values come back', async () => {
  const key = await newMasterKey(WORDS, CHEAP)
  const keys = unlock()
  const values = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.json().map(JSON.parse))
  await fc.assert(
    fc.asyncProperty(values, async (given) => {
      const others = Object.entries(given).map(([id, value]) => entry('session', id, value))
      const entries = [entry('creds', '', { a: 1 }), ...others]
      const read = await decodePortable(await encodePortable(about, entries, key), keys)
      expect(read.entries.map(plain)).toEqual(entries.map(plain))
    }),
    { numRuns: 50 },
  )
})

test('a wrong passphrase and a damaged file are told apart', async () => {
  const file = await encodePortable(about, linkedState(), await newMasterKey(WORDS, CHEAP))
  await expect(decodePortable(file, unlock('another one'))).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('not the passphrase') as string,
  })
  for (const words of [WORDS, 'another one']) {
    const keys = unlock(words)
    for (let at = 0; at < file.length; at += 7) {
      const flipped = Buffer.from(file)
      flipped[at] = (flipped[at] ?? 0) ^ 0x10
      const code = at === 8 ? 'state.newer' : 'replica.damaged'
      await expect(decodePortable(flipped, keys)).rejects.toMatchObject({ code })
    }
    for (const length of [0, 7, 40, file.length - 1])
      await expect(decodePortable(file.subarray(0, length), keys)).rejects.toMatchObject({
        code: 'replica.damaged',
      })
  }
})

test('nothing of the session is readable in the file', async () => {
  const entries = [...linkedState(), entry('lid-mapping', '4477001', 'a-lid-nobody-may-see')]
  const file = await encodePortable(about, entries, await newMasterKey(WORDS, CHEAP))
  for (const word of ['anna', 'a-lid-nobody', 'pre-key', 'noiseKey', WORDS])
    expect(file.includes(word)).toBe(false)
})

test('one scrypt opens all files of an export, and no two of them have the same key', async () => {
  const key = await newMasterKey(WORDS, CHEAP)
  const entries = [entry('creds', '', { a: 1 })]
  const [one, other] = [
    await encodePortable(about, entries, key),
    await encodePortable(about, entries, key),
  ]
  expect(one?.subarray(28)).not.toEqual(other?.subarray(28))
  let asked = 0
  const keys = masterKeys(async () => {
    asked++
    return WORDS
  })
  for (const file of [one, other]) await decodePortable(file, keys)
  expect(asked).toBe(1)
})

function plain({ type, id, value }: Entry): object {
  return { type, id, value: Buffer.from(value) }
}
