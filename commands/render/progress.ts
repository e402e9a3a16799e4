import { bytes as inBytes } from '../../src/words/bytes.ts'
import { cut } from '../../src/words/text.ts'
import { duration } from '../../src/words/time.ts'

/** How far something long is. Times are milliseconds since the epoch. */
export interface Progress {
  began: number
  done: number
  /** Undefined while nobody knows how many there are. */
  total: number | undefined
  /** How many of `done` were so before it began: no part of the rate. */
  before: number
  failed: number
  /** Bytes moved so far, where that says something. */
  bytes: number | undefined
  /** The part that it is at, where it has several. */
  what: string | undefined
  /** Why nothing moves, by what is away. */
  waiting: ReadonlyMap<string, string>
}

const WIDTH = 20

export function begin(total: number | undefined, now: number): Progress {
  return {
    began: now,
    done: 0,
    total,
    before: 0,
    failed: 0,
    bytes: undefined,
    what: undefined,
    waiting: new Map(),
  }
}

/** `██████░░░░  120/300 · 3 failed · 24.0/s · 7s left`; without a bar where there is no total. */
export function renderBar(progress: Progress, now: number, columns: number): string {
  const { done, total } = progress
  if (total === undefined) return cut(renderLine(progress, now), columns)
  const full = total === 0 ? WIDTH : Math.floor((Math.min(done, total) / total) * WIDTH)
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full)
  return cut(`${bar}  ${renderLine(progress, now)}`, columns)
}

/** `sessions 120/300 · 3 failed · 1.2 MiB · 24.0/s · 7s left` */
export function renderLine(progress: Progress, now: number): string {
  const { began, total, done, before, failed, bytes, what, waiting } = progress
  const rate = (done - before) / Math.max(0.001, (now - began) / 1_000)
  const ended = total !== undefined && done >= total
  const left =
    total !== undefined && rate > 0 && !ended && waiting.size === 0
      ? ((total - done) / rate) * 1_000
      : undefined
  const parts = [
    `${what === undefined ? '' : `${what} `}${done}${total === undefined ? '' : `/${total}`}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(bytes === undefined ? [] : [inBytes(bytes)]),
    ...(rate > 0 && !ended ? [`${rate.toFixed(1)}/s`] : []),
    ...[...waiting.values()].map((why) => `waiting: ${why}`),
    ...(left === undefined ? [] : [`${duration(left)} left`]),
  ]
  return parts.join(' · ')
}
