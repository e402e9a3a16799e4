import { isDeepStrictEqual } from 'node:util'

import { pack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { unpackEntries } from '../../../src/authstate/packed.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { packObject } from '../../../src/replica/object.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { decodeSnapshot, encodeSnapshot, inspectSnapshot } from '../../../src/replica/snapshot.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { hashOf, imageOf } from './fixtures.ts'

const META = { epoch: 3, createdAt: 1_000, trigger: 'manual' } as const
const EXPECTED = { epoch: 3, seq: 10, hash: hashOf(10) }
const NAME = 'v1/sessions/shop/0000000003/0000000000000010'
const DAMAGED = {
  code: 'replica.damaged',
  subject: NAME,
  message: expect.stringContaining("session 'shop'"),
}

/** Whatever kind of byte array the values are. */
function plain(entries: readonly Entry[]): Entry[] {
  return entries.map((entry) => ({ ...entry, value: Uint8Array.from(entry.value) }))
}

describe('a snapshot', () => {
  it.each([0, 3, 1_418])('with %d keys comes back as it was', async (keys) => {
    const image = imageOf('shop', 10, keys)
    const { name, bytes, keys: counted } = await encodeSnapshot(image, META, plainSealer)
    expect([name, counted]).toEqual([NAME, keys])
    const found = await decodeSnapshot('shop', EXPECTED, bytes, plainSealer)
    expect(found).toMatchObject({ ...META, keys })
    const { entries, packed, ...rest } = found.image
    expect(rest).toEqual({
      sessionId: 'shop',
      seq: image.seq,
      hash: image.hash,
      changedAt: image.changedAt,
    })
    expect(isDeepStrictEqual(plain(entries), plain(image.entries))).toBe(true)
    const again = await unpackEntries(packed ?? Buffer.of())
    expect(isDeepStrictEqual(plain(again), plain(image.entries))).toBe(true)
  })

  it('is not called damaged where whoever looks into it was stopped', async () => {
    const { bytes } = await encodeSnapshot(imageOf('shop', 10, 3), META, plainSealer)
    const look = (error: Error) =>
      inspectSnapshot('shop', EXPECTED, bytes, plainSealer, async () => {
        throw error
      })
    const stopped = new GatewayError({ code: 'state.sealed', message: 'closed' })
    await expect(look(stopped)).rejects.toBe(stopped)
    await expect(look(new TypeError('not packed entries'))).rejects.toMatchObject(DAMAGED)
  })

  it('is found damaged wherever a byte of it is another', async () => {
    const { bytes } = await encodeSnapshot(imageOf('shop', 10, 40), META, plainSealer)
    for (let i = 0; i < bytes.length; i += 7) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ 0x40
      await expect(decodeSnapshot('shop', EXPECTED, flipped, plainSealer)).rejects.toMatchObject(
        DAMAGED,
      )
    }
  })

  it('is found damaged when cut short at any length', async () => {
    const { bytes } = await encodeSnapshot(imageOf('shop', 10, 40), META, plainSealer)
    for (let length = 0; length < bytes.length; length += 11)
      await expect(
        decodeSnapshot('shop', EXPECTED, bytes.subarray(0, length), plainSealer),
      ).rejects.toMatchObject(DAMAGED)
  })

  it("is not mistaken for another session's, epoch's, seq's or history's", async () => {
    const others = [
      [imageOf('other', 10, 2), META],
      [imageOf('shop', 10, 2), { ...META, epoch: 2 }],
      [imageOf('shop', 11, 2), META],
      [{ ...imageOf('shop', 10, 2), hash: hashOf(9) }, META],
    ] as const
    for (const [image, meta] of others) {
      const { bytes } = await encodeSnapshot(image, meta, plainSealer)
      await expect(decodeSnapshot('shop', EXPECTED, bytes, plainSealer)).rejects.toMatchObject(
        DAMAGED,
      )
    }
  })

  const meta = {
    format: 2,
    session: 'shop',
    ...EXPECTED,
    changedAt: 0,
    createdAt: 0,
    trigger: 'manual',
    keys: 0,
  }
  const creds = ['creds', '', Buffer.from('x')]
  const packed = (...flat: unknown[]) => Buffer.concat([Buffer.of(0), pack(flat)])
  const header = { kind: 'snapshot', codec: 'none', cipher: 'none', keyId: '' } as const

  it('is read where it is put together by hand', async () => {
    const bytes = packObject(NAME, header, pack([meta, packed(...creds)]))
    const { keys } = await decodeSnapshot('shop', EXPECTED, bytes, plainSealer)
    expect(keys).toBe(0)
  })

  it('of another version is told from a damaged one', async () => {
    const later = [{ ...meta, format: 3, more: true }, packed(...creds)]
    const bytes = packObject(NAME, header, pack(later))
    await expect(decodeSnapshot('shop', EXPECTED, bytes, plainSealer)).rejects.toMatchObject({
      message: expect.stringContaining('another version of wa-gateway: it has format 3'),
      hint: expect.stringContaining('run the version that wrote it'),
    })
  })

  it.each<[string, unknown]>([
    ['no creds', [meta, packed()]],
    ['fewer keys than it says', [{ ...meta, keys: 1 }, packed(...creds)]],
    ['an entry twice', [meta, packed(...creds, ...creds)]],
    ['an entry cut off', [meta, packed(...creds, 'session', 'a')]],
    ['a value that is no bytes', [meta, packed('creds', '', 'text')]],
    ['an entry without a value', [meta, packed(...creds, 'session', 'a', null)]],
    ['an id that is no text', [meta, packed('creds', 7, Buffer.from('x'))]],
    ['entries of another format', [meta, Buffer.of(9, 1, 2)]],
    ['entries that are no zstd', [meta, Buffer.of(1, 0xc1, 0xc1)]],
    ['entries that are no bytes', [meta, creds]],
    ['a later format', [{ ...meta, format: 3 }, packed(...creds)]],
    ['another session inside', [{ ...meta, session: 'other' }, packed(...creds)]],
    ['something else altogether', 'hello'],
  ])('with a sound checksum but %s is damaged', async (_, content) => {
    const bytes = packObject(NAME, header, pack(content))
    await expect(decodeSnapshot('shop', EXPECTED, bytes, plainSealer)).rejects.toMatchObject(
      DAMAGED,
    )
  })

  it.each<[string, 'none' | 'zstd', Buffer]>([
    ['no msgpack', 'none', Buffer.from('c1c1c1c1', 'hex')],
    ['a whole that is compressed', 'zstd', Buffer.from('c1c1c1c1', 'hex')],
    ['a nest deeper than the stack', 'none', Buffer.alloc(200_000, 0x91)],
    ['lengths beyond its end', 'none', Buffer.from('92ddffffffff', 'hex')],
  ])('with a sound checksum but %s is damaged, and the next is read', async (_, codec, payload) => {
    const header = { kind: 'snapshot', codec, cipher: 'none', keyId: '' } as const
    const bytes = packObject(NAME, header, payload)
    await expect(decodeSnapshot('shop', EXPECTED, bytes, plainSealer)).rejects.toMatchObject(
      DAMAGED,
    )
    const sound = await encodeSnapshot(imageOf('shop', 10, 2), META, plainSealer)
    expect(await decodeSnapshot('shop', EXPECTED, sound.bytes, plainSealer)).toMatchObject({
      keys: 2,
    })
  })
})
