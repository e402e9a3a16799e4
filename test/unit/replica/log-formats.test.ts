import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRecord } from '../../../src/authstate/record.ts'
import { decodeBundle, encodeBundle, type Bundle } from '../../../src/replica/log/bundle.ts'
import { decodeFence, encodeFence } from '../../../src/replica/log/fence.ts'
import { decodeSlot } from '../../../src/replica/log/slots.ts'
import { slotName } from '../../../src/replica/names.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { BOOT, OTHER_BOOT } from './fixtures.ts'

const ME = { worker: 'w1', boot: BOOT }
const DAMAGED = expect.objectContaining({ code: 'replica.damaged', subject: slotName(ME, 3) })

function bundleOf(size: number): Bundle {
  const value = Buffer.alloc(size, 'v')
  const { record } = encodeRecord(1, Buffer.alloc(32), [{ type: 'session', id: 'a', value }], 5)
  const entries = [
    { session: 'shop', epoch: 2, seq: 1, record },
    { session: 'bar', epoch: 7, seq: 1, record },
  ]
  return { ...ME, writeId: 'x', slot: 3, at: 5, entries }
}

describe('a bundle', () => {
  it.each([10, 20_000])('comes back as it was, with records of %i bytes', async (size) => {
    const bundle = bundleOf(size)
    const bytes = await encodeBundle(plainSealer, bundle)
    const back = await decodeBundle(plainSealer, ME, 3, bytes)
    const plain = (entries: Bundle['entries']) =>
      entries.map((entry) => ({ ...entry, record: Buffer.from(entry.record).toString('hex') }))
    expect({ ...back, entries: plain(back.entries) }).toEqual({
      ...bundle,
      entries: plain(bundle.entries),
    })
  })

  it('is damaged when a byte changed, when it was cut, and in any other place', async () => {
    const bytes = await encodeBundle(plainSealer, bundleOf(10))
    for (let i = 0; i < bytes.length; i++) {
      const flipped = Uint8Array.from(bytes)
      flipped[i] = (flipped[i] ?? 0) ^ 1
      await expect(decodeSlot(plainSealer, ME, 3, flipped)).rejects.toEqual(DAMAGED)
      await expect(decodeSlot(plainSealer, ME, 3, bytes.subarray(0, i))).rejects.toEqual(DAMAGED)
    }
    const damaged = expect.objectContaining({ code: 'replica.damaged' })
    await expect(decodeSlot(plainSealer, ME, 4, bytes)).rejects.toEqual(damaged)
    const other = { ...ME, boot: OTHER_BOOT }
    await expect(decodeSlot(plainSealer, other, 3, bytes)).rejects.toEqual(damaged)
  })

  it('is damaged whatever else it was made to hold', async () => {
    const hostile = fc.uint8Array({ minLength: 0, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(hostile, async (payload) => {
        const address = { name: slotName(ME, 3), kind: 'bundle' } as const
        const bytes = plainSealer.seal(address, 'none', payload)
        await expect(decodeBundle(plainSealer, ME, 3, bytes)).rejects.toEqual(DAMAGED)
      }),
    )
  })

  it.each([
    ['an impossible number', { epoch: 1.5 }],
    ['change zero', { seq: 0 }],
    ['a name that is no session id', { session: '../x' }],
  ])('is damaged with %s', async (_, change) => {
    const bundle = bundleOf(10)
    const entries = bundle.entries.map((entry) => ({ ...entry, ...change }))
    const bytes = await encodeBundle(plainSealer, { ...bundle, entries })
    await expect(decodeBundle(plainSealer, ME, 3, bytes)).rejects.toEqual(DAMAGED)
  })
})

describe('a fence', () => {
  const fence = { writeId: 'x', by: { worker: 'w2', boot: OTHER_BOOT }, at: 7 }

  it('comes back as it was, and is told from a bundle', async () => {
    const bytes = encodeFence(plainSealer, ME, 3, fence)
    expect(await decodeFence(plainSealer, ME, 3, bytes)).toEqual(fence)
    expect(await decodeSlot(plainSealer, ME, 3, bytes)).toEqual({ kind: 'fence' })
    await expect(decodeBundle(plainSealer, ME, 3, bytes)).rejects.toEqual(DAMAGED)
  })

  it('ends no other log', async () => {
    const bytes = encodeFence(plainSealer, ME, 3, fence)
    const damaged = expect.objectContaining({ code: 'replica.damaged' })
    await expect(decodeSlot(plainSealer, ME, 2, bytes)).rejects.toEqual(damaged)
  })
})
