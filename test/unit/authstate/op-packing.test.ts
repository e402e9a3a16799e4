import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import type { SessionHead } from '../../../src/authstate/heads.ts'
import { packHeads, packOps, unpackHeads, unpackOps } from '../../../src/authstate/op-packing.ts'
import type { WriterOp } from '../../../src/authstate/writer-protocol.ts'

const op: fc.Arbitrary<WriterOp> = fc.oneof(
  fc.record({
    kind: fc.constant('change' as const),
    n: fc.nat(),
    record: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.record({ kind: fc.constant('stored' as const), n: fc.nat(), seq: fc.nat() }),
  fc.constant<WriterOp>({ kind: 'barrier' }),
)

test('operations come over as they were, in their order', () => {
  fc.assert(
    fc.property(fc.array(op), (ops) => {
      const { ops: packed, transfer } = packOps(ops)
      const sent = structuredClone(packed, { transfer })
      const got = Array.from(unpackOps(sent), (one) =>
        one.kind === 'change' ? { ...one, record: Uint8Array.from(one.record) } : one,
      )
      expect(got).toEqual(ops)
    }),
  )
})

test('changes that follow on each other share one buffer', () => {
  const change: WriterOp = { kind: 'change', n: 1, record: Uint8Array.of(1) }
  const { transfer } = packOps([change, change, { kind: 'barrier' }, change])
  expect(transfer).toHaveLength(2)
})

function head(n: number, seq: number): SessionHead {
  return {
    n,
    sessionId: `s${n}`,
    seq,
    hash: `${seq}`.padStart(64, 'a'),
    changedAt: 2 ** 41 + seq,
    storedSeq: seq - 1,
    confirmedEpoch: 3,
    paired: seq % 2 === 0,
    keys: 2 ** 40 + seq,
    digest: 2 ** 48 - seq,
    image: seq % 3 === 0,
    tags: [{ epoch: 3, boot: 'b'.repeat(32) }],
    backlogBytes: seq * 100,
  }
}

test('heads come over whole once, then by their numbers, and are new objects each time', () => {
  const known = new Map([[1, head(1, 4)]])
  const first = [head(1, 5), head(2, 6)] as const
  const sent = structuredClone(packHeads(new Set(first), new Set([first[1]])))
  expect(unpackHeads(sent, known)).toStrictEqual(first)
  const before = known.get(2)
  const later = head(2, 7)
  expect(unpackHeads(packHeads(new Set([later]), new Set()), known)).toStrictEqual([later])
  expect(before).toStrictEqual(first[1])
  expect(() => unpackHeads(packHeads(new Set([head(9, 1)]), new Set()), known)).toThrow(TypeError)
})
