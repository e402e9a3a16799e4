import type { LogRange, OwnerRecord } from './owner.ts'

/**
 * A session's log as one line of slots, in the order in which they are read: `past`, then `ranges`.
 * Positions count its slots from where the line once began, so they never change: what is let go of
 * at the front raises `past.position` by as much.
 */
export type Past = OwnerRecord['past']

export interface ClosedRange extends LogRange {
  to: number
}

/** Past ranges that a record holds at most; a session has more where it changes hands all the time. */
const MOST = 256

/** The position at which `ranges` begins. */
export function startOfRanges({ past }: Pick<OwnerRecord, 'past'>): number {
  return past.position + lengthOf(past.ranges)
}

/** The position of a slot in the open range; without one, and for no slot, that of the line's end. */
export function endOfLine(record: Pick<OwnerRecord, 'past' | 'ranges'>, slot?: number): number {
  return startOfRanges(record) + lengthOf(closedAt(record.ranges, slot))
}

/** Ranges with the open one ended at `slot` (exclusive); empty ones are left out. */
export function closedAt(ranges: readonly LogRange[], slot = 0): ClosedRange[] {
  return ranges
    .map((range) => ({ ...range, to: range.to ?? slot }))
    .filter(({ from, to }) => to > from)
}

/** The line with `leaving` behind what was past already. Oldest first, ranges of a boot put together. */
export function extended(past: Past, leaving: readonly ClosedRange[]): Past {
  const ranges: ClosedRange[] = []
  for (const range of [...past.ranges, ...leaving]) {
    if (range.to <= range.from) continue
    const last = ranges.at(-1)
    if (last?.boot === range.boot && last.to === range.from)
      ranges[ranges.length - 1] = { ...last, to: range.to }
    else ranges.push(range)
  }
  const surplus = ranges.splice(0, Math.max(0, ranges.length - MOST))
  return { position: past.position + lengthOf(surplus), ranges }
}

/** The past from `position` on. */
export function cutBefore(past: Past, position: number): Past {
  return { position: Math.max(past.position, position), ranges: between(past, position) }
}

/** The ranges that lie at `from` and behind it, in the order in which they are read. */
export function lineFrom(record: Pick<OwnerRecord, 'past' | 'ranges'>, from: number): LogRange[] {
  const { past, ranges } = record
  const skipped = Math.max(0, from - startOfRanges(record))
  const open = ranges.filter(({ to }) => to === null)
  const closed = between({ position: 0, ranges: closedAt(ranges) }, skipped)
  return [...between(past, from), ...closed, ...open]
}

/** The part of a line's closed ranges that lies at `from` and behind it. */
function between({ position, ranges }: Past, from: number): ClosedRange[] {
  const kept: ClosedRange[] = []
  let at = position
  for (const range of ranges) {
    const skipped = Math.max(0, from - at)
    at += range.to - range.from
    if (range.from + skipped < range.to) kept.push({ ...range, from: range.from + skipped })
  }
  return kept
}

/** Where a slot lies in the line; undefined where it is not in it. */
export function positionOf(
  { past, ranges }: Pick<OwnerRecord, 'past' | 'ranges'>,
  boot: string,
  slot: number,
): number | undefined {
  let at = past.position
  for (const range of [...past.ranges, ...ranges]) {
    const within = range.boot === boot && slot >= range.from && slot < (range.to ?? Infinity)
    if (within) return at + slot - range.from
    at += (range.to ?? range.from) - range.from
  }
  return undefined
}

function lengthOf(ranges: readonly ClosedRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** A record's log with all of it past: `closed` is what its ranges were. */
export function allPast(
  { past }: OwnerRecord,
  closed: ClosedRange[],
): Pick<OwnerRecord, 'ranges' | 'past'> {
  return { ranges: [], past: extended(past, closed) }
}
