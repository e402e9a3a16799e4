import { expect, test } from 'vitest'
import { misfit, type Shape } from '../../../src/control/shape.ts'

const shape: Shape = {
  type: 'object',
  properties: {
    sessions: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: { type: 'string' }, state: { enum: ['online', 'failed'] } },
        required: ['id'],
      },
    },
    last: {
      anyOf: [
        { type: 'object', properties: { type: { const: 'end' }, n: { type: 'number' } } },
        { type: 'null' },
      ],
    },
  },
  required: ['sessions'],
}

test.each<[unknown, string | undefined]>([
  [{ sessions: [] }, undefined],
  [{ sessions: [{ id: 'anna', state: 'online', shoe: 43 }], more: 1 }, undefined],
  [{ sessions: [], last: null }, undefined],
  ['no', 'it is no object'],
  [null, 'it is no object'],
  [[], 'it is no object'],
  [{}, 'it.sessions is missing'],
  [{ sessions: {} }, 'it.sessions is no array'],
  [{ sessions: [{ id: 'anna' }, { id: 5 }] }, 'it.sessions[1].id is no string'],
  [{ sessions: [{ id: 'anna', state: 'lost' }] }, 'it.sessions[0].state is none of online, failed'],
  [{ sessions: [], last: { type: 'end', n: '1' } }, 'it.last.n is no number'],
  [{ sessions: [], last: 4 }, 'it.last has none of its shapes'],
])('%j: %s', (value, expected) => {
  expect(misfit(shape, value)).toBe(expected)
})
