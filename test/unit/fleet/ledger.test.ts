import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Ledger } from '../../../src/fleet/ledger.ts'
import type { PublishedSession } from '../../../src/fleet/port.ts'
import { published } from './session.ts'

const ids = (sessions: readonly PublishedSession[]) => sessions.map(({ id }) => id)

function publish(ledger: Ledger, sessions: readonly PublishedSession[]): void {
  const difference = ledger.difference(sessions)
  ledger.begin(difference)
  ledger.note(difference)
}

test('only what differs is put, and what vanished goes', () => {
  const ledger = new Ledger()
  const first = [published('a'), published('b')]
  expect(ledger.difference(first)).toEqual({ put: first, gone: [] })
  publish(ledger, first)
  expect(ledger.difference(first)).toEqual({ put: [], gone: [] })
  const next = [published('b', { desired: 'paused' })]
  expect(ledger.difference(next)).toEqual({ put: next, gone: ['a'] })
})

test('after a new connection everything is put, and what was to go still goes', () => {
  const ledger = new Ledger()
  const both = [published('a'), published('b')]
  publish(ledger, both)
  ledger.startOver()
  expect(ledger.difference([published('b')])).toEqual({ put: [published('b')], gone: ['a'] })
  ledger.startOver()
  expect(ledger.difference([published('b')]).gone).toEqual(['a'])
})

test('what is dropped goes, unless it is there again', () => {
  const ledger = new Ledger()
  ledger.drop(['a', 'b'])
  expect(ledger.difference([published('b')])).toEqual({ put: [published('b')], gone: ['a'] })
})

const change = fc.oneof(
  fc.record({ kind: fc.constant('has' as const), id: fc.nat(4), name: fc.nat(2) }),
  fc.record({ kind: fc.constant('loses' as const), id: fc.nat(4) }),
  fc.record({ kind: fc.constantFrom('publishes' as const, 'fails' as const, 'connects' as const) }),
)

test('whatever fails in between, the directory ends up with what is here, and no more', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const here = new Map<string, PublishedSession>()
      const there = new Map<string, PublishedSession>()
      const ledger = new Ledger()
      const publish = (heard: boolean) => {
        const difference = ledger.difference([...here.values()])
        ledger.begin(difference)
        for (const session of difference.put) there.set(session.id, session)
        for (const id of difference.gone) there.delete(id)
        // Else the answer was lost, and the connection with it.
        if (heard) ledger.note(difference)
        else ledger.startOver()
      }
      for (const one of changes) {
        if (one.kind === 'has') here.set(`s${one.id}`, published(`s${one.id}`, { epoch: one.name }))
        if (one.kind === 'loses') here.delete(`s${one.id}`)
        if (one.kind === 'publishes') publish(true)
        if (one.kind === 'fails') publish(false)
        if (one.kind === 'connects') ledger.startOver()
      }
      publish(true)
      expect(ids([...there.values()]).toSorted()).toEqual(ids([...here.values()]).toSorted())
      for (const [id, session] of here) expect(there.get(id)).toEqual(session)
    }),
  )
})
