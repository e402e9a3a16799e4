import { expect, test } from 'vitest'
import type { Tried } from '../../../src/session/history.ts'
import { outcomeOf } from '../../../src/words/tried.ts'

test.each<[string, Partial<Tried>, ReturnType<typeof outcomeOf>]>([
  [
    'a pairing that ended well',
    { what: 'pairing', cause: 'restart-required', detail: '515' },
    { word: 'paired', good: true, why: '' },
  ],
  [
    'a pairing that nobody scanned',
    { what: 'pairing', cause: 'pairing-expired', detail: 'seen' },
    { word: 'failed', good: false, why: 'seen' },
  ],
  [
    'a login that WhatsApp cut',
    { cause: 'restart-required' },
    { word: 'failed', good: false, why: 'WhatsApp asked for a new connection' },
  ],
  ['a login', { outcome: 'online' }, { word: 'online', good: true, why: '' }],
  ['a connection', { what: 'online', detail: 'gone' }, { word: 'lost', good: false, why: 'gone' }],
])('%s', (_, more, told) => {
  expect(outcomeOf({ at: 0, ms: 1, what: 'login', outcome: 'failed', ...more })).toEqual(told)
})
