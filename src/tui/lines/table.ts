import { cut, harmless, pad } from '../../words/text.ts'
import type { Line, Segment } from '../line.ts'

export interface Column {
  title: string
  columns: number
  /** Below so many columns of the screen it is left out. */
  from?: number
}

/** The columns that there is room for; the last one takes what is left. */
export function columnsFor(all: readonly Column[], columns: number): Column[] {
  const shown = all.filter(({ from = 0 }) => columns >= from)
  const taken = shown.slice(0, -1).reduce((sum, column) => sum + column.columns + 1, 0)
  return shown.map((column, n) =>
    n === shown.length - 1 ? { ...column, columns: Math.max(0, columns - taken) } : column,
  )
}

export function titles(columns: readonly Column[]): Line {
  return [
    {
      text: columns.map(({ title, columns: width }) => cell(title, width)).join(' '),
      dim: true,
      bold: true,
    },
  ]
}

/** One row; cells by their column's title. */
export function row(columns: readonly Column[], cells: Record<string, Segment | string>): Line {
  return columns.flatMap(({ title, columns: width }, n) => {
    const value = cells[title] ?? ''
    const part = typeof value === 'string' ? { text: value } : value
    const space = n < columns.length - 1 ? ' ' : ''
    return [{ ...part, text: `${cell(part.text, width)}${space}` }]
  })
}

const cell = (text: string, columns: number) => pad(cut(harmless(text), columns), columns)
