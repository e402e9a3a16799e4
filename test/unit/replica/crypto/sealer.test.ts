import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newDataKey } from '../../../../src/replica/crypto/key.ts'
import { encryptingSealer, type KeySource } from '../../../../src/replica/crypto/sealer.ts'
import { ownerName, snapshotName } from '../../../../src/replica/names.ts'
import { readHead, type ObjectAddress } from '../../../../src/replica/object.ts'
import { plainSealer } from '../../../../src/replica/sealer.ts'

const ADDRESS: ObjectAddress = { name: ownerName('shop'), kind: 'owner', sessionId: 'shop' }
const UNREADABLE = {
  code: expect.stringMatching(/^replica\.(damaged|no-key)$/),
  subject: ADDRESS.name,
  message: expect.stringMatching(/session 'shop'.*v1\/sessions\/shop\/owner/),
}
const DAMAGED = { ...UNREADABLE, code: 'replica.damaged' }
const PAYLOAD = Buffer.from('what an account is made of')

function keysOf(...keys: ReturnType<typeof newDataKey>[]): KeySource {
  const [active = newDataKey()] = keys
  return {
    active,
    find: (id) => [active, ...keys].find((key) => key.id === id),
    refresh: () => Promise.resolve(false),
  }
}

const key = newDataKey()
const sealer = encryptingSealer(keysOf(key))

function flip(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

describe('the encrypting sealer', () => {
  it('gives back what was put in, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 5_000 }),
        fc.constantFrom('none' as const, 'zstd' as const),
        (payload, codec) => {
          const found = sealer.open(ADDRESS, sealer.seal(ADDRESS, codec, payload))
          expect(found.codec).toBe(codec)
          expect(Buffer.compare(found.payload, payload)).toBe(0)
        },
      ),
    )
  })

  it('says in the header what it is, under which key, and nothing of its content', () => {
    const bytes = sealer.seal(ADDRESS, 'none', PAYLOAD)
    const head = readHead(ADDRESS, bytes)
    expect(head).toMatchObject({ cipher: 'aes-256-gcm', keyId: key.id, length: PAYLOAD.length })
    expect(Buffer.from(bytes).includes(PAYLOAD.subarray(0, 8))).toBe(false)
  })

  it('never seals two objects alike: salt, tag and text differ', () => {
    const sealed = Array.from({ length: 200 }, () => sealer.seal(ADDRESS, 'none', PAYLOAD))
    const { rest } = readHead(ADDRESS, sealed[0] ?? new Uint8Array())
    const offset = (sealed[0]?.length ?? 0) - rest.length
    const parts = (from: number, to?: number) =>
      new Set(sealed.map((bytes) => Buffer.from(bytes.slice(offset + from, to)).toString('hex')))
    expect(parts(0, offset + 32).size).toBe(200)
    expect(parts(32, offset + 48).size).toBe(200)
    expect(parts(48).size).toBe(200)
  })

  it('finds each flipped bit: header, salt, tag and text', () => {
    const bytes = sealer.seal(ADDRESS, 'none', PAYLOAD)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const open = () => sealer.open(ADDRESS, flip(bytes, bit >> 3, 1 << (bit & 7)))
      expect(open, `bit ${bit}`).toThrow(expect.objectContaining(UNREADABLE))
    }
  })

  it('finds any change of any bytes, and any other length', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 50 }),
        (payload, at, mask, cut, more) => {
          const bytes = sealer.seal(ADDRESS, 'zstd', payload)
          const wrong = [
            flip(bytes, at % bytes.length, mask),
            bytes.subarray(0, cut % bytes.length),
            Buffer.concat([bytes, more]),
          ]
          for (const each of wrong)
            expect(() => sealer.open(ADDRESS, each)).toThrow(expect.objectContaining(UNREADABLE))
        },
      ),
    )
  })

  it("refuses another session's, another epoch's and another name's object", () => {
    const other = { name: ownerName('other'), kind: 'owner', sessionId: 'other' } as const
    const bytes = sealer.seal(other, 'none', PAYLOAD)
    expect(() => sealer.open(ADDRESS, bytes)).toThrow(expect.objectContaining(DAMAGED))

    const first = { name: snapshotName('shop', 1, 7), kind: 'snapshot', sessionId: 'shop' } as const
    const second = { ...first, name: snapshotName('shop', 2, 7) }
    expect(() => sealer.open(second, sealer.seal(first, 'none', PAYLOAD))).toThrow(
      expect.objectContaining({
        code: 'replica.damaged',
        subject: second.name,
        message: expect.stringContaining("session 'shop'"),
      }),
    )
  })

  it('refuses an object of another kind under the same name', () => {
    const bytes = sealer.seal({ ...ADDRESS, kind: 'alive' }, 'none', PAYLOAD)
    expect(() => sealer.open(ADDRESS, bytes)).toThrow(expect.objectContaining(DAMAGED))
  })

  it('names the key that it does not have', () => {
    const stranger = newDataKey()
    const bytes = encryptingSealer(keysOf(stranger)).seal(ADDRESS, 'none', PAYLOAD)
    expect(() => sealer.open(ADDRESS, bytes)).toThrow(
      expect.objectContaining({
        ...UNREADABLE,
        code: 'replica.no-key',
        message: expect.stringContaining(stranger.id),
      }),
    )
  })

  it('refuses what another key of the same id has sealed', () => {
    const twin = { ...newDataKey(), id: key.id }
    const bytes = encryptingSealer(keysOf(twin)).seal(ADDRESS, 'none', PAYLOAD)
    expect(() => sealer.open(ADDRESS, bytes)).toThrow(expect.objectContaining(DAMAGED))
  })

  it('still reads with keys that are no longer written with', () => {
    const old = newDataKey()
    const bytes = encryptingSealer(keysOf(old)).seal(ADDRESS, 'none', PAYLOAD)
    const found = encryptingSealer(keysOf(key, old)).open(ADDRESS, bytes)
    expect(Buffer.compare(found.payload, PAYLOAD)).toBe(0)
  })

  it('reads a plain object only where that is allowed', () => {
    const plain = plainSealer.seal(ADDRESS, 'none', PAYLOAD)
    expect(() => sealer.open(ADDRESS, plain)).toThrow(expect.objectContaining(DAMAGED))
    const moving = encryptingSealer(keysOf(key), { acceptPlaintext: true })
    expect(Buffer.compare(moving.open(ADDRESS, plain).payload, PAYLOAD)).toBe(0)
    expect(() => moving.open(ADDRESS, flip(plain, plain.length - 1, 1))).toThrow(
      expect.objectContaining(DAMAGED),
    )
  })

  it('tells whoever has no key that there is one', () => {
    const bytes = sealer.seal(ADDRESS, 'none', PAYLOAD)
    expect(() => plainSealer.open(ADDRESS, bytes)).toThrow(
      expect.objectContaining({ ...UNREADABLE, code: 'replica.no-key' }),
    )
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const begun = Buffer.concat([readHead(ADDRESS, sealer.seal(ADDRESS, 'none', bytes)).head])
        for (const each of [bytes, Buffer.concat([begun, randomBytes(40), bytes])])
          expect(() => sealer.open(ADDRESS, each)).toThrow(expect.objectContaining(UNREADABLE))
      }),
    )
  })
})
