import { cut, width } from '../words/text.ts'

/** A piece of a line in one style. */
export interface Segment {
  text: string
  color?: Color
  bold?: boolean
  dim?: boolean
  inverse?: boolean
}
export type Color = 'red' | 'yellow' | 'green' | 'cyan' | 'blue' | 'magenta'

/** One line of the screen. */
export type Line = readonly (Segment | string)[]

const segment = (part: Segment | string): Segment =>
  typeof part === 'string' ? { text: part } : part

/** The line without what exceeds `columns`; the cut shows as an ellipsis. */
export function fit(line: Line, columns: number): Segment[] {
  const kept: Segment[] = []
  let left = columns
  for (const part of line.map(segment)) {
    if (part.text === '') continue
    const size = width(part.text)
    if (size <= left) {
      kept.push(part)
      left -= size
      continue
    }
    if (left > 0) kept.push({ ...part, text: cut(part.text, left) })
    break
  }
  return kept
}

/** Both ends of a line; where both don't fit, the right one is left out. */
export function spread(left: Line, right: Line, columns: number): Line {
  const room = columns - widthOf(left) - widthOf(right)
  return room < 1 ? left : [...left, ' '.repeat(room), ...right]
}

/** As many of the parts, the first ones first, as fit with two spaces between them. */
export function fitting(parts: readonly string[], columns: number): string {
  let line = ''
  for (const part of parts.filter((one) => one !== '')) {
    const longer = line === '' ? part : `${line}  ${part}`
    if (width(longer) > columns) break
    line = longer
  }
  return line
}

/** A text of several words over as many lines as it takes. */
export function prose(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || width(longer) <= columns) {
      line = longer
      continue
    }
    lines.push(line)
    line = word
  }
  return [...lines, line]
}

export function widthOf(line: Line): number {
  return line.reduce((sum, part) => sum + width(segment(part).text), 0)
}

/** The parts that are there, with ` · ` between them. */
export function joined(parts: readonly (Line | undefined)[]): Line {
  return parts
    .filter((part) => part !== undefined)
    .flatMap((part, n) => (n === 0 ? part : [{ text: ' · ', dim: true }, ...part]))
}

export function sameLine(one: readonly Segment[], other: readonly Segment[]): boolean {
  return one.length === other.length && one.every((part, n) => sameSegment(part, other[n]))
}

function sameSegment(one: Segment, other: Segment | undefined): boolean {
  return (
    one.text === other?.text &&
    one.color === other.color &&
    one.bold === other.bold &&
    one.dim === other.dim &&
    one.inverse === other.inverse
  )
}
