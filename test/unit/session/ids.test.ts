import { expect, test } from 'vitest'
import { assertSessionId, isSessionId } from '../../../src/session/ids.ts'

test.each(['a', '0', 'shop-1', 'a@b.c_d+e', 'x'.repeat(128)])("'%s' is an id", (id) => {
  expect(isSessionId(id)).toBe(true)
  expect(assertSessionId(id)).toBe(id)
})

test.each(['', '.a', '-a', 'a/b', 'a b', 'a..b', '../a', 'a\n', 'ä', 'x'.repeat(129)])(
  "'%s' is none",
  (id) => {
    expect(isSessionId(id)).toBe(false)
    expect(() => assertSessionId(id)).toThrow(expect.objectContaining({ code: 'session.bad-id' }))
  },
)
