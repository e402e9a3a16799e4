import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  packEntries,
  packEntriesPlain,
  unpackEntries,
  unpackEntriesSync,
} from '../../../src/authstate/packed.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { packWrites } from '../../../src/authstate/writes.ts'
import { valuesOf } from '../../support/session-image.ts'

const creds: Entry = { type: 'creds', id: '', value: Uint8Array.of(1) }
const others = fc.uniqueArray(
  fc.record({
    type: fc.string(),
    id: fc.string(),
    value: fc.uint8Array({ maxLength: 3_000 }),
  }),
  { selector: ({ type, id }) => JSON.stringify([type, id]), maxLength: 40 },
)

test('entries come back as they were, whichever way they are packed and unpacked', async () => {
  await fc.assert(
    fc.asyncProperty(others, async (more) => {
      const entries = [creds, ...more.filter(({ type }) => type !== 'creds')]
      for (const packed of [await packEntries(entries), packEntriesPlain(entries)]) {
        for (const found of [await unpackEntries(packed), unpackEntriesSync(packed)]) {
          expect(found).toHaveLength(entries.length)
          expect(valuesOf(found)).toEqual(valuesOf(entries))
        }
      }
    }),
    { numRuns: 50 },
  )
})

test('many entries of one kind are compressed', async () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ ...creds, type: 'x', id: `${i}` }))
  const packed = await packEntries([creds, ...many])
  expect(packed.length).toBeLessThan(packEntriesPlain([creds, ...many]).length / 2)
})

describe('bytes that are no entries of a session are refused:', () => {
  const plain = (...writes: Parameters<typeof packWrites>[0]) =>
    Buffer.concat([Buffer.of(0), packWrites(writes)])
  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.of()],
    ['another format', Buffer.of(2, 0x90)],
    ['no list', Buffer.of(0, 0xc0)],
    ['no creds', plain({ ...creds, type: 'session' })],
    ['an entry twice', plain(creds, creds)],
    ['an entry without a value', plain(creds, { type: 'session', id: 'a', value: null })],
    ['no zstd', Buffer.from('0100002000c1c1', 'hex')],
    ['a length beyond all measure', Buffer.from('01ffffffffc1c1', 'hex')],
    ['a length cut short', Buffer.from('0100', 'hex')],
  ])('%s', async (_, bytes) => {
    expect(() => unpackEntriesSync(bytes)).toThrow(Error)
    await expect(unpackEntries(bytes)).rejects.toThrow(Error)
  })

  test('a wrong length of what is compressed', async () => {
    const packed = await packEntries([creds, { ...creds, id: 'x', value: Buffer.alloc(9_000) }])
    packed[4] = (packed[4] ?? 0) - 1
    expect(() => unpackEntriesSync(packed)).toThrow(Error)
    await expect(unpackEntries(packed)).rejects.toThrow(Error)
  })
})
