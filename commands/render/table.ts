import { cut, harmless, pad, width } from '../../src/words/text.ts'

const GAP = '  '
/** Where the columns have too little room otherwise. */
const NARROW_GAP = ' '
/** A last column narrower than this says nothing: the line may wrap instead. */
const LEAST = 12

/**
 * Aligned columns under a heading. On a terminal the last column is cut to what is left of the
 * line; elsewhere everything is printed whole. Columns that are empty in every row are left out.
 */
export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  columns?: number,
): string {
  const used = heading.map((_, at) => rows.some((row) => (row[at] ?? '') !== ''))
  const lines = [heading, ...rows].map((row) =>
    heading.map((_, at) => harmless(row[at] ?? '')).filter((_, at) => used[at]),
  )
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => width(line[at] ?? ''))))
  return lines.map((line) => renderLine(line, widths ?? [], columns)).join('')
}

function renderLine(cells: string[], widths: number[], columns: number | undefined): string {
  const last = cells.at(-1) ?? ''
  const needed = widths.slice(0, -1).reduce((sum, one) => sum + one + GAP.length, LEAST)
  const gap = columns !== undefined && needed > columns ? NARROW_GAP : GAP
  const before = cells.slice(0, -1).map((cell, at) => pad(cell, widths[at] ?? 0) + gap)
  const start = before.join('')
  const room = columns === undefined ? Infinity : Math.max(LEAST, columns - width(start))
  return `${start}${cut(last, room)}`.trimEnd() + '\n'
}

/** `name  value` lines; those without a value are left out. */
export function renderFields(fields: readonly (readonly [string, string | undefined])[]): string {
  const present = fields.filter(([, value]) => value !== undefined)
  const names = Math.max(...present.map(([name]) => width(name)))
  return present
    .map(([name, value]) => `${pad(name, names)}${GAP}${harmless(value ?? '')}\n`)
    .join('')
}
