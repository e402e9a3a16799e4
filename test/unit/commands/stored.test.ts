import { expect, test } from 'vitest'
import { renderNotStored } from '../../../commands/render/stored.ts'

test('what is not stored is named, with what to do about it said once', () => {
  expect(renderNotStored([{ sessionId: 'anna', stored: true }])).toBe('')
  const next = 'run the same again'
  expect(
    renderNotStored([
      { sessionId: 'anna', stored: true },
      { sessionId: 'ben', stored: false, detail: 'fenced', next },
      { sessionId: 'cleo', stored: false, detail: 'fenced', next },
      { sessionId: 'dan', stored: false, detail: 'paused' },
    ]),
  ).toBe('3 of 4 not stored: ben, cleo, dan\nrun the same again')
})
