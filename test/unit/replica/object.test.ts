import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packObject, unpackObject } from '../../../src/replica/object.ts'

const NAME = 'v1/sessions/shop/owner'
const ADDRESS = { name: NAME, kind: 'owner', sessionId: 'shop' } as const
const HEADER = { kind: 'owner', codec: 'none', cipher: 'none', keyId: 'k1' } as const
const DAMAGED = {
  code: 'replica.damaged',
  subject: NAME,
  message: expect.stringContaining("session 'shop'"),
}

describe('the container', () => {
  it('gives back what was put in', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ maxLength: 60 }), (payload, keyId) => {
        const bytes = packObject(NAME, { ...HEADER, keyId }, payload)
        const found = unpackObject(ADDRESS, bytes)
        expect(found).toMatchObject({ ...HEADER, keyId })
        expect(Buffer.compare(found.payload, payload)).toBe(0)
      }),
    )
  })

  it('finds each flipped bit', () => {
    const bytes = packObject(NAME, HEADER, Buffer.from('payload'))
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => unpackObject(ADDRESS, flipped), `bit ${bit}`).toThrow(
        expect.objectContaining(DAMAGED),
      )
    }
  })

  it('finds each truncation and extension', () => {
    const bytes = packObject(NAME, HEADER, Buffer.from('payload'))
    for (let length = 0; length < bytes.length; length++)
      expect(() => unpackObject(ADDRESS, bytes.subarray(0, length))).toThrow(
        expect.objectContaining(DAMAGED),
      )
    expect(() => unpackObject(ADDRESS, Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(
      expect.objectContaining(DAMAGED),
    )
  })

  it('finds an object that stands in the place of another, or is of another kind', () => {
    const other = packObject('v1/sessions/other/owner', HEADER, Buffer.from('payload'))
    expect(() => unpackObject(ADDRESS, other)).toThrow(expect.objectContaining(DAMAGED))
    const alive = packObject(NAME, { ...HEADER, kind: 'alive' }, Buffer.from('payload'))
    expect(() => unpackObject(ADDRESS, alive)).toThrow(expect.objectContaining(DAMAGED))
  })

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const magic = Buffer.concat([Buffer.from('WAGW'), bytes])
        expect(() => unpackObject(ADDRESS, bytes)).toThrow(expect.objectContaining(DAMAGED))
        expect(() => unpackObject(ADDRESS, magic)).toThrow(expect.objectContaining(DAMAGED))
      }),
    )
  })
})
