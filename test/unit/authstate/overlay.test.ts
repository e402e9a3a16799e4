import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { Overlay } from '../../../src/authstate/overlay.ts'

interface Step {
  kind: 'write' | 'settle'
  id: string
  value: number | null
  ahead: number
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom('write', 'settle'),
    id: fc.constantFrom('a', 'b', 'c'),
    value: fc.option(fc.nat(255)),
    ahead: fc.nat(4),
  }),
)

test('reads see the newest write until it is settled, and nothing after', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const overlay = new Overlay()
      const log: { seq: number; id: string; value: number | null }[] = []
      let settled = 0
      let released = 0
      for (const { kind, id, value, ahead } of all) {
        if (kind === 'write') {
          const seq = log.length + 1
          log.push({ seq, id, value })
          const bytes = value === null ? null : Uint8Array.of(value)
          overlay.apply(seq, [{ type: 't', id, value: bytes }], 10)
        } else {
          settled = Math.min(log.length, settled + ahead)
          released += overlay.settle(settled)
        }
        for (const key of ['a', 'b', 'c']) {
          const last = log.findLast((entry) => entry.id === key)
          const pending = last !== undefined && last.seq > settled ? last.value : undefined
          const seen = overlay.read('t', key)
          expect(seen && seen[0]).toBe(pending)
        }
        expect(released).toBe(settled * 10)
      }
    }),
  )
})

test('types with the same id are apart', () => {
  const overlay = new Overlay()
  overlay.apply(1, [{ type: 'a', id: 'x', value: Uint8Array.of(1) }], 1)
  expect(overlay.read('b', 'x')).toBeUndefined()
})
