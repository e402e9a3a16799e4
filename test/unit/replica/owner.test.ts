import { pack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { packObject } from '../../../src/replica/object.ts'
import { encodeOwner, ownerView, parseOwner } from '../../../src/replica/owner.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { BOOT, hashOf, recordOf, refOf } from './fixtures.ts'

const NAME = 'v1/sessions/shop/owner'
const DAMAGED = expect.objectContaining({
  code: 'replica.damaged',
  subject: NAME,
  message: expect.stringContaining("session 'shop'"),
})

describe('the owner record as an object', () => {
  it('comes back as it was', () => {
    const ranges = [{ worker: 'w1', boot: BOOT, from: 3, to: null }]
    for (const record of [recordOf(), recordOf({ ranges, released: true, snapshot: null })])
      expect(parseOwner('shop', encodeOwner(record, plainSealer), plainSealer)).toEqual(record)
  })

  it('is found damaged wherever a byte of it is another, missing or too much', () => {
    const bytes = encodeOwner(recordOf(), plainSealer)
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ 0x10
      expect(() => parseOwner('shop', flipped, plainSealer), `byte ${i}`).toThrow(DAMAGED)
      expect(() => parseOwner('shop', bytes.subarray(0, i), plainSealer), `length ${i}`).toThrow(
        DAMAGED,
      )
    }
    expect(() => parseOwner('shop', Buffer.concat([bytes, bytes]), plainSealer)).toThrow(DAMAGED)
  })

  it("is not mistaken for another session's", () => {
    expect(() =>
      parseOwner('shop', encodeOwner(recordOf({ session: 'other' }), plainSealer), plainSealer),
    ).toThrow(DAMAGED)
  })

  it.each([
    ['a later format', { format: 3 }],
    ['an earlier format', { format: 1 }],
    ['an unknown field', { extra: 1 }],
    ['epoch 0', { epoch: 0 }],
    ['a snapshot beyond its end', { snapshot: refOf(11) }],
    ['two hashes for one seq', { snapshot: refOf(10, { hash: hashOf(9) }) }],
    ['a tombstone with a snapshot', { removed: true, released: true }],
    ['another session inside', { session: 'other' }],
  ])('with a sound checksum but %s is damaged', (_, change) => {
    const header = { kind: 'owner', codec: 'none', cipher: 'none', keyId: '' } as const
    const bytes = packObject(NAME, header, pack({ ...recordOf(), ...change }))
    expect(() => parseOwner('shop', bytes, plainSealer)).toThrow(DAMAGED)
  })

  it('of another version is told from a damaged one', () => {
    const header = { kind: 'owner', codec: 'none', cipher: 'none', keyId: '' } as const
    const bytes = packObject(NAME, header, pack({ ...recordOf(), format: 3, more: true }))
    expect(() => parseOwner('shop', bytes, plainSealer)).toThrow(
      'another version of wa-gateway: it has format 3',
    )
  })

  it('is never written in a shape that could not be read', () => {
    const wrong = recordOf({ snapshot: refOf(11) })
    expect(() => encodeOwner(wrong, plainSealer)).toThrow(
      expect.objectContaining({ code: 'internal' }),
    )
  })

  it('shows its backups newest first', () => {
    expect(ownerView(recordOf(), true).backups).toMatchObject([
      { id: '3-10', newest: true, sessionId: 'shop' },
      { id: '2-7', newest: false },
    ])
  })
})
