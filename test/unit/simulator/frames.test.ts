import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeFrame, FrameReader } from '../../../src/simulator/frames.ts'

const HEADER = Buffer.from([0x57, 0x41, 6, 3])

function routed(info: Uint8Array): Buffer {
  const length = Buffer.alloc(3)
  length.writeUIntBE(info.length, 0, 3)
  return Buffer.concat([Buffer.from('ED'), Buffer.from([0, 1]), length, info, HEADER])
}

test('intro and frames survive being cut anywhere', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(
      fc.option(bytes, { nil: undefined }),
      fc.array(bytes, { maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (info, bodies, cuts) => {
        const intro = info === undefined ? HEADER : routed(info)
        const stream = Buffer.concat([intro, ...bodies.map(encodeFrame)])
        const reader = new FrameReader()
        const seen: Buffer[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          seen.push(...reader.push(stream.subarray(at, at + size)))
          at += size
        }
        expect(seen.map((each) => [...each])).toEqual(bodies.map((each) => [...each]))
        expect(reader.intro?.header).toEqual(HEADER)
        expect(reader.intro?.routingInfo && [...reader.intro.routingInfo]).toEqual(
          info && [...info],
        )
      },
    ),
  )
})

test('a stream that is no WhatsApp client is refused', () => {
  const reader = new FrameReader()
  expect(reader.push(Buffer.from('GE'))).toEqual([])
  expect(() => reader.push(Buffer.from('T / HTTP/1.1'))).toThrow("not 'WA' and a version")
})
