import { expect, test } from 'vitest'
import { MessageCount } from '../../../src/daemon/message-count.ts'

const session = (id: string, messagesIn: number, messagesOut = 0) => ({
  id,
  messagesIn,
  messagesOut,
})

test('the sum never falls: not when a session goes, nor when it comes back with nothing', () => {
  const count = new MessageCount()
  expect(count.update([])).toBe(0)
  expect(count.update([session('a', 2, 3), session('b', 1)])).toBe(6)
  expect(count.update([session('b', 4)])).toBe(9)
  expect(count.update([session('a', 0), session('b', 4)])).toBe(9)
  expect(count.update([session('a', 2), session('b', 1)])).toBe(12)
})
