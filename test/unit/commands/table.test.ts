import { expect, test } from 'vitest'
import { renderTable } from '../../../commands/render/table.ts'

const table = (columns?: number) =>
  renderTable(['SESSION', 'NONE', 'WHY'], [['anna', '', 'the phone unlinked this device']], columns)

test('columns that are empty are left out, and all is printed whole where there is no terminal', () => {
  expect(table()).toBe('SESSION  WHY\nanna     the phone unlinked this device\n')
})

test('on a terminal the last column is cut', () => {
  expect(table(30)).toBe('SESSION  WHY\nanna     the phone unlinked t…\n')
})

test('where that is too narrow the columns move together, and then the line may wrap', () => {
  expect(table(20)).toBe('SESSION WHY\nanna    the phone u…\n')
  expect(table(10)).toBe('SESSION WHY\nanna    the phone u…\n')
})
