import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { pack, Unpackr } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { openGcm, sealGcm } from '../../../../src/replica/crypto/gcm.ts'
import { newDataKey, type NamedKey } from '../../../../src/replica/crypto/key.ts'
import { withRemoved } from '../../../../src/replica/crypto/ring-changes.ts'
import {
  decodeRing,
  encodeRing,
  KEYRING,
  type KeyState,
  type Ring,
} from '../../../../src/replica/crypto/ring.ts'
import { packObject, readHead } from '../../../../src/replica/object.ts'
import { kekOf } from '../../../support/keyring.ts'

const KEK = kekOf(1)
const DAMAGED = { code: 'replica.damaged', subject: KEYRING.name }
const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

function ringOf(...states: KeyState[]): Ring {
  const keys = states.map((state) => ({ ...newDataKey(), createdAt: 1, state }))
  return { id: 'ab'.repeat(16), version: 1, kek: KEK.id, keys }
}

interface Wrapped {
  kek: string
  nonce: Uint8Array
  bytes: Uint8Array
}

interface Content {
  id: string
  keys: { id: string; wrapped: Wrapped }[]
}

/** A keyring with other content, sealed by whoever has the key. */
function resealed(ring: Ring, change: (content: Content) => void): Uint8Array {
  const { payload } = openGcm(KEK, KEYRING, readHead(KEYRING, encodeRing(ring, KEK)))
  const content: Content = unpackr.unpack(payload)
  change(content)
  return sealGcm(KEK, KEYRING, 'none', pack(content))
}

function refusal(bytes: Uint8Array, keks: NamedKey[] = [KEK]): unknown {
  try {
    return decodeRing(bytes, keks)
  } catch (error) {
    return error
  }
}

/** As src/replica/crypto/ring.ts wraps, with a tag and a nonce of any length. */
function wrapped(ring: string, id: string, key: Buffer, nonce: Buffer): Wrapped {
  const wrapping = Buffer.from(hkdfSync('sha256', KEK.key, '', 'wa-gateway key wrap', 32))
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(`${ring} ${id}`))
  const bytes = Buffer.concat([cipher.update(key), cipher.final(), cipher.getAuthTag()])
  return { kek: KEK.id, nonce, bytes }
}

describe('a keyring is refused as damaged', () => {
  it('that is plain', () => {
    const plain = { kind: 'keyring', codec: 'none', cipher: 'none', keyId: KEK.id } as const
    const error = refusal(packObject(KEYRING.name, plain, pack({})))
    expect(error).toMatchObject({ ...DAMAGED, message: expect.stringContaining('not encrypted') })
  })

  it.each([
    ['no active key', ['retired']],
    ['two active keys', ['active', 'active']],
  ] as const)('that has %s', (_, states) => {
    const error = refusal(encodeRing(ringOf(...states), KEK))
    expect(error).toMatchObject({ ...DAMAGED, message: expect.stringContaining('another shape') })
  })

  it('that has one key twice', () => {
    const ring = ringOf('active', 'retired')
    const keys = ring.keys.map((key) => ({ ...key, id: '0123456789abcdef' }))
    const error = refusal(encodeRing({ ...ring, keys }, KEK))
    expect(error).toMatchObject({ ...DAMAGED, message: expect.stringContaining('another shape') })
  })

  it('of which a key is wrapped by another', () => {
    const bytes = resealed(ringOf('active'), ({ keys: [key] }) => {
      if (key !== undefined) key.wrapped.kek = kekOf(2).id
    })
    expect(refusal(bytes)).toMatchObject({
      ...DAMAGED,
      message: expect.stringContaining('wrapped by another key'),
    })
  })

  it.each([
    ['a shorter key', 16, 12],
    ['a longer nonce', 32, 16],
  ])('of which a key has %s', (_, length, nonce) => {
    const bytes = resealed(ringOf('active'), ({ id, keys: [key] }) => {
      if (key !== undefined)
        key.wrapped = wrapped(id, key.id, randomBytes(length), randomBytes(nonce))
    })
    expect(refusal(bytes)).toMatchObject({
      ...DAMAGED,
      message: expect.stringContaining('has another shape'),
    })
  })
})

it('prints no id of a key that is none', () => {
  const bytes = sealGcm({ id: '\u001b[2J', key: KEK.key }, KEYRING, 'none', pack({}))
  const error = refusal(bytes)
  expect(error).toMatchObject({ code: 'replica.no-key' })
  expect(String(error)).not.toContain('\u001b')
})

it('a key that was never written with is removed at once', () => {
  const ring = ringOf('active', 'distributed')
  const [active, waiting] = ring.keys
  const since = { ...ring, keys: ring.keys.map((key) => ({ ...key, since: 1 })) }
  const { keys } = withRemoved(since, waiting?.id ?? '', 2, false)
  expect(keys.map(({ id }) => id)).toEqual([active?.id])
})
