import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aliveName, ownerName, snapshotName, workerPart } from '../../../src/replica/names.ts'

describe('object names', () => {
  it('are those of the layout', () => {
    expect(ownerName('shop')).toBe('v1/sessions/shop/owner')
    expect(snapshotName('shop', 3, 12)).toBe('v1/sessions/shop/0000000003/0000000000000012')
    expect(aliveName('w1', 'b0')).toBe('v1/workers/w1/b0/alive')
  })

  it('refuse what is no session id', () => {
    for (const id of ['', '..', 'a/b', '../x', 'a\0'])
      expect(() => ownerName(id)).toThrow(expect.objectContaining({ code: 'session.bad-id' }))
  })

  it('sort as their numbers do', () => {
    const number = fc.nat({ max: 2 ** 32 })
    fc.assert(
      fc.property(number, number, number, number, (e1, s1, e2, s2) => {
        const byName = snapshotName('s', e1, s1) < snapshotName('s', e2, s2)
        expect(byName).toBe(e1 < e2 || (e1 === e2 && s1 < s2))
      }),
    )
  })

  it('hold any worker name, different ones apart', () => {
    expect(workerPart('host-1.example')).toBe('host-1.example')
    expect(workerPart('..')).toBe('+2e.')
    expect(workerPart('a/b c+é')).toBe('a+2fb+20c+2b+c3+a9')
    const long = 'x'.repeat(400)
    expect(workerPart(long).length).toBeLessThan(200)
    expect(workerPart(`${long}a`)).not.toBe(workerPart(`${long}b`))
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
        expect(workerPart(a)).toMatch(/^[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*$/)
        expect(workerPart(a) === workerPart(b)).toBe(a === b)
      }),
    )
  })
})
