import { describe, expect, it } from 'vitest'
import { continued } from '../../../src/replica/rewind.ts'
import { hashOf, imageOf } from './fixtures.ts'

const LAST = { seq: 10, hash: hashOf(10) }

describe('a state that is taken up again', () => {
  it('goes on one after the last, with the content it had', () => {
    const old = imageOf('shop', 4, 3)
    const image = continued(old, LAST)
    expect(image).toMatchObject({ seq: 11, entries: old.entries })
    expect(image.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('has a hash of its own for each history left and each state taken up', () => {
    const hashes = [
      continued(imageOf('shop', 4, 3), LAST),
      continued(imageOf('shop', 5, 3), LAST),
      continued(imageOf('shop', 4, 3), { seq: 11, hash: hashOf(10) }),
      continued(imageOf('shop', 4, 3), { seq: 10, hash: hashOf(9) }),
    ].map(({ hash }) => hash)
    expect(new Set(hashes).size).toBe(4)
  })
})
