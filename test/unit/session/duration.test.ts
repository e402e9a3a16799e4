import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../../../src/session/duration.ts'

const HOUR = 3_600_000

test.each([
  ['36h', 36],
  ['7d', 168],
  [' 2W ', 336],
  ['1y', 8_760],
  ['1d12h', 36],
  ['0', 0],
  ['0h', 0],
])('%s is a duration', (text, hours) => {
  expect(parseDuration(text)).toBe(hours * HOUR)
})

test.each(['', '7', '7m', 'd7', '7 d', '-7d', '1.5d', '7d7d', '1h1', '12345678h'])(
  "'%s' is none",
  (text) => {
    expect(parseDuration(text)).toBeUndefined()
  },
)

test('a duration is shown as it is typed', () => {
  for (const text of ['0', '36h', '7d', '1d12h', '1y1d'])
    expect(parseDuration(formatDuration(parseDuration(text) ?? -1))).toBe(parseDuration(text))
  expect(formatDuration(36 * HOUR)).toBe('1d12h')
  expect(formatDuration(15 * 24 * HOUR)).toBe('15d')
})
