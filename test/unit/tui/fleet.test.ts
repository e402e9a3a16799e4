import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { SESSION_STATES } from '../../../src/session/state.ts'
import { Fleet } from '../../../src/tui/fleet.ts'
import { session } from '../../support/fake-methods.ts'

const view = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    state: fc.constantFrom(...SESSION_STATES),
  })
  .map(({ id, state }) => session(id, { state }))

test('the counts are those of the sessions, through changes and lists', () => {
  const act = fc.oneof(
    view.map((put) => ({ put })),
    fc.uniqueArray(view, { selector: ({ id }) => id }).map((list) => ({ list })),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (acts) => {
      const fleet = new Fleet()
      let ids = new Set<string>()
      for (const next of acts) {
        if ('put' in next) {
          fleet.put(next.put)
          ids.add(next.put.id)
        } else {
          fleet.begin()
          fleet.replace(next.list)
          ids = new Set(next.list.map(({ id }) => id))
        }
        expect(new Set(fleet.views().map(({ id }) => id))).toEqual(ids)
        for (const state of SESSION_STATES)
          expect(fleet.count(state)).toBe(fleet.views().filter((one) => one.state === state).length)
      }
    }),
  )
})

test('a list does not undo what happened since it was asked for', () => {
  const fleet = new Fleet()
  fleet.replace([session('a'), session('gone')])
  fleet.begin()
  fleet.put(session('a', { state: 'failed' }))
  fleet.put(session('new', { state: 'queued' }))
  fleet.replace([session('a')])
  expect(fleet.get('a')?.state).toBe('failed')
  expect(fleet.get('new')?.state).toBe('queued')
  expect(fleet.get('gone')).toBeUndefined()
})
