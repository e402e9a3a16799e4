import { describe, expect, it } from 'vitest'
import { continued } from '../../../src/replica/restore/rewind.ts'
import { hashOf, imageOf } from './fixtures.ts'

const LAST = { seq: 10, hash: hashOf(10), changedAt: 5_000 }
const NOW = 9_000

describe('a state that is taken up again', () => {
  it('goes on one after the last, with the content it had', () => {
    const old = imageOf('shop', 4, 3)
    const image = continued(old, LAST, NOW)
    expect(image).toMatchObject({ seq: 11, entries: old.entries })
    expect(image.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is newer than the state that it replaces, whatever the clock says', () => {
    const old = imageOf('shop', 4, 3)
    expect(continued(old, LAST, NOW).changedAt).toBe(NOW)
    expect(continued(old, LAST, 4_000).changedAt).toBe(5_000)
  })

  it('has a hash of its own for each history left and each state taken up', () => {
    const hashes = [
      continued(imageOf('shop', 4, 3), LAST, NOW),
      continued(imageOf('shop', 5, 3), LAST, NOW),
      continued(imageOf('shop', 4, 3), { ...LAST, seq: 11 }, NOW),
      continued(imageOf('shop', 4, 3), { ...LAST, hash: hashOf(9) }, NOW),
    ].map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(4)
  })
})
