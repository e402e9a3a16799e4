import { expect, test } from 'vitest'
import { bytes } from '../../../src/words/bytes.ts'
import { renderFields, renderTable } from '../../../commands/render/table.ts'
import { cut, harmless, width } from '../../../src/words/text.ts'
import { duration, elapsed, instant } from '../../../src/words/time.ts'

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_200_000, '2h'],
  [90_000_000, '1d'],
  [-5, '0s'],
])('%i ms are %s', (ms, text) => expect(duration(ms)).toBe(text))

test('measured times, instants and sizes', () => {
  expect([elapsed(849.6), elapsed(1_250)]).toEqual(['850 ms', '1.3 s'])
  expect(instant(Date.UTC(2025, 0, 2, 3, 4, 5, 678))).toBe('2025-01-02 03:04:05 UTC')
  expect([0, 1_023, 1_024, 1_536_000].map(bytes)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 MiB'])
})

test('wide and combined characters count as terminals show them', () => {
  expect([width('ab'), width('日本'), width('é'), width('👩‍👩‍👧')]).toEqual([2, 4, 1, 2])
  expect(cut('日本語', 5)).toBe('日本…')
  expect(cut('short', 5)).toBe('short')
})

test('text from elsewhere cannot steer the terminal', () => {
  expect(harmless('a\u001b[2Jb\nc\u202ed')).toBe('a [2Jb c d')
})

test('columns are aligned, empty ones left out', () => {
  const table = renderTable(
    ['ID', 'NOTE', 'WHY'],
    [
      ['a', '', 'x'],
      ['日本', '', ''],
    ],
  )
  expect(table).toBe('ID    WHY\na     x\n日本\n')
})

test('on a terminal the last column is cut, elsewhere it is whole', () => {
  const rows = [['anna', 'the phone unlinked this device']]
  expect(renderTable(['ID', 'WHY'], rows, 24)).toBe('ID    WHY\nanna  the phone unlinke…\n')
  expect(renderTable(['ID', 'WHY'], rows)).toContain('unlinked this device\n')
})

test('fields without a value are left out', () => {
  expect(
    renderFields([
      ['a', '1'],
      ['name', undefined],
      ['bc', '2'],
    ]),
  ).toBe('a   1\nbc  2\n')
})
