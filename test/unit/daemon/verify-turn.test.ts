import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextTurn, type Verifiable } from '../../../src/daemon/verify-turn.ts'

const WEEK = 604_800_000

test('nobody has a turn where there is nobody', () => {
  expect(nextTurn([], WEEK)).toBeUndefined()
})

test('the one that never was verified goes first, and soon', () => {
  const sessions = [
    { session: 'anna', at: 5 },
    { session: 'ben', at: undefined },
  ]
  expect(nextTurn(sessions, WEEK)).toEqual({ session: 'ben', afterMs: 60_000 })
})

test('however they were verified before, all have had their turn within the interval', () => {
  const verified = fc.array(fc.option(fc.integer({ min: -WEEK * 3, max: 0 }), { nil: undefined }), {
    minLength: 1,
    maxLength: 60,
  })
  fc.assert(
    fc.property(verified, (times) => {
      let sessions: Verifiable[] = times.map((at, i) => ({ session: `s${i}`, at }))
      let now = 0
      const seen = new Set<string>()
      while (seen.size < sessions.length) {
        const turn = nextTurn(sessions, WEEK)
        if (turn === undefined) throw new Error('nobody has a turn')
        now += turn.afterMs
        seen.add(turn.session)
        sessions = sessions.map((one) => (one.session === turn.session ? { ...one, at: now } : one))
      }
      expect(now).toBeLessThanOrEqual(WEEK)
      // And from then on each again within another one.
      for (let n = 0; n < 3 * sessions.length; n++) {
        const turn = nextTurn(sessions, WEEK)
        if (turn === undefined) throw new Error('nobody has a turn')
        now += turn.afterMs
        const before = sessions.find(({ session }) => session === turn.session)?.at ?? -Infinity
        expect(now - before).toBeLessThanOrEqual(WEEK + 1)
        sessions = sessions.map((one) => (one.session === turn.session ? { ...one, at: now } : one))
      }
    }),
  )
})
