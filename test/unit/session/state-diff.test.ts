import { assert, constantFrom, property, record, string, uniqueArray } from 'fast-check'
import { expect, test } from 'vitest'
import {
  diffStates,
  shortenId,
  whatGoingBackBreaks,
  type StateValue,
} from '../../../src/session/state-diff.ts'

const value = (type: string, id: string, content: string): StateValue => ({
  type,
  id,
  value: Buffer.from(content),
})
const fieldsOf = (creds: Uint8Array) =>
  JSON.parse(Buffer.from(creds).toString()) as Record<string, unknown>
const creds = (fields: object) => value('creds', '', JSON.stringify(fields))

test('says by type what was added, removed and changed, and of creds which fields', () => {
  const before = [
    creds({ nextPreKeyId: 31, me: { id: 'a' }, platform: 'x' }),
    value('session', '491701234567.0', '1'),
    value('session', '491701234567.3', '1'),
    value('session', '491709999999.0', '1'),
    value('pre-key', '5', 'k'),
    value('wa-gateway-memo', '1', 'text'),
  ]
  const after = [
    creds({ nextPreKeyId: 61, me: { id: 'a' } }),
    value('session', '491701234567.0', '2'),
    value('session', '491701234567.3', '2'),
    value('session', '491709999999.0', '1'),
    value('session', '491700000001.0', '1'),
    value('sender-key', 'g@g.us::491701234567::0', '1'),
  ]
  const diff = diffStates(before, after, fieldsOf)
  expect(diff).toEqual({
    types: [
      { type: 'pre-key', same: 0, added: [], removed: ['5'], changed: [] },
      {
        type: 'sender-key',
        same: 0,
        added: ['g@g.us::491701234567::0'],
        removed: [],
        changed: [],
      },
      {
        type: 'session',
        same: 1,
        added: ['491700000001.0'],
        removed: [],
        changed: ['491701234567.0', '491701234567.3'],
      },
    ],
    creds: ['nextPreKeyId', 'platform'],
  })
  const words = whatGoingBackBreaks(diff).join('\n')
  expect(words).toMatch(/sessions of 1 contact moved on/)
  expect(words).toMatch(/^1 contact got a session/m)
  expect(words).toMatch(/1 pre-key were used up|1 sender key/)
  expect(words).not.toMatch(/two pairings/)
})

test('what did not change is not spoken of', () => {
  const state = [
    creds({ noiseKey: 1 }),
    value('session', '491701234567.0', '1'),
    value('app-state-sync-key', 'a', '1'),
  ]
  expect(whatGoingBackBreaks(diffStates(state, state, fieldsOf))).toEqual([])
  const synced = diffStates(state, [...state, value('app-state-sync-version', 'c', '2')], fieldsOf)
  expect(whatGoingBackBreaks(synced)).toEqual([expect.stringMatching(/synchronised anew/)])
  const two = [creds({ platform: 'x', account: 'y' }), value('pre-key', '1', 'k')]
  const diff = diffStates([creds({})], two, fieldsOf)
  expect(diff.creds).toEqual(['account', 'platform'])
  expect(whatGoingBackBreaks(diff)).toEqual([expect.stringMatching(/^1 pre-key were uploaded/)])
})

test('two pairings are told apart', () => {
  const diff = diffStates([creds({ noiseKey: 1 })], [creds({ noiseKey: 2 })], fieldsOf)
  expect(whatGoingBackBreaks(diff)).toEqual([expect.stringMatching(/two pairings \(noiseKey/)])
})

test('ids are shown without the middle of their numbers', () => {
  expect(shortenId('491701234567.0')).toBe('491…67.0')
  expect(shortenId('120363041234567890@g.us::491701234567::0')).toBe('120…90@g.us::491…67::0')
  expect(shortenId('812')).toBe('812')
})

const states = uniqueArray(
  record({
    type: constantFrom('session', 'pre-key', 'sender-key'),
    id: string({ maxLength: 3 }),
    content: string({ maxLength: 1 }),
  }),
  { selector: ({ type, id }) => `${type} ${id}` },
)

test('there and back are mirror images, and the counts add up', () => {
  assert(
    property(states, states, (one, other) => {
      const [a, b] = [one, other].map((all) => all.map((v) => value(v.type, v.id, v.content)))
      if (a === undefined || b === undefined) return
      const there = diffStates(a, b, fieldsOf).types
      const back = diffStates(b, a, fieldsOf).types
      for (const [index, diff] of there.entries()) {
        const mirror = back[index]
        expect(mirror?.same).toBe(diff.same)
        expect(mirror?.added.toSorted()).toEqual(diff.removed.toSorted())
        expect(mirror?.changed.toSorted()).toEqual(diff.changed.toSorted())
        const before = a.filter(({ type }) => type === diff.type).length
        expect(diff.same + diff.removed.length + diff.changed.length).toBe(before)
      }
    }),
  )
})
