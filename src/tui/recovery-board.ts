import type { Event, Result } from '../control/api.ts'

type RecoveryStatus = Result<'status'>['recovery']
type Pause = RecoveryStatus['paused'][number]

/** What the recoveries that run have come to, and how fast. Times are milliseconds since the epoch. */
export interface Board {
  running: boolean
  began: number | undefined
  total: number
  done: number
  recovered: number
  failed: number
  skipped: number
  /** Where the state of those that were recovered was. */
  warm: number
  cold: number
  retries: number
  /** When the last ones settled: what the rate is made of. */
  settledAt: readonly number[]
  /** How long phases took so far, for their averages. */
  restores: Spent
  connects: Spent
  paused: readonly Pause[]
}

interface Spent {
  count: number
  ms: number
}

/** The rate is that of so many milliseconds. */
const WINDOW_MS = 10_000

const NOTHING: Spent = { count: 0, ms: 0 }

export const NO_RECOVERY: Board = {
  running: false,
  began: undefined,
  total: 0,
  done: 0,
  recovered: 0,
  failed: 0,
  skipped: 0,
  warm: 0,
  cold: 0,
  retries: 0,
  settledAt: [],
  restores: NOTHING,
  connects: NOTHING,
  paused: [],
}

/** The board after an event. A recovery that begins beside another is counted together with it. */
export function seen(board: Board, event: Event<'recover'>, now: number): Board {
  switch (event.type) {
    case 'begin':
      return board.running
        ? { ...board, total: board.total + event.total }
        : { ...NO_RECOVERY, paused: board.paused, running: true, began: now, total: event.total }
    case 'restored': {
      const route = event.route === 'cold' ? { cold: board.cold + 1 } : { warm: board.warm + 1 }
      const restores = event.route === 'cold' ? spent(board.restores, event.ms) : board.restores
      return { ...board, ...(event.route !== 'none' && route), restores }
    }
    case 'retry':
      return { ...board, retries: board.retries + 1 }
    case 'settled':
      return settled(board, event.result, now)
    case 'paused': {
      const { type: _, ...pause } = event
      return { ...board, paused: [...withoutOutage(board, pause.outage), pause] }
    }
    case 'probe':
      return {
        ...board,
        paused: board.paused.map((one) =>
          one.outage === event.outage ? { ...one, probes: event.probes } : one,
        ),
      }
    case 'resumed':
      return { ...board, paused: withoutOutage(board, event.outage) }
    case 'attempt':
      return board
    case 'end':
      return { ...board, running: board.done < board.total }
  }
}

/** What `status` says of the start's recovery, for who came while it was running. */
export function joined(board: Board, status: RecoveryStatus, now: number): Board {
  const { phase, total, done, recovered, failed, skipped, paused } = status
  if (phase !== 'running') return { ...board, paused }
  const known = board.running && board.total >= total && board.done >= done
  if (known) return { ...board, paused }
  const began = board.running ? board.began : now
  return { ...board, running: true, began, total, done, recovered, failed, skipped, paused }
}

/** Sessions that settle a second, now and on the whole, and the milliseconds that are left. */
export function pace(
  { began, settledAt, total, done, running, paused }: Board,
  now: number,
): { rate: number; leftMs: number | undefined } {
  if (began === undefined) return { rate: 0, leftMs: undefined }
  const recent = settledAt.filter((at) => now - at < WINDOW_MS).length
  const span = Math.max(1_000, Math.min(WINDOW_MS, now - began))
  const rate = recent / (span / 1_000)
  const left =
    running && rate > 0 && paused.length === 0 ? ((total - done) / rate) * 1_000 : undefined
  return { rate, leftMs: left }
}

function settled(
  board: Board,
  { outcome, durations }: Extract<Event<'recover'>, { type: 'settled' }>['result'],
  now: number,
): Board {
  return {
    ...board,
    done: board.done + 1,
    total: Math.max(board.total, board.done + 1),
    [outcome]: board[outcome] + 1,
    settledAt: [...board.settledAt.filter((at) => now - at < WINDOW_MS), now],
    connects:
      durations.connect === undefined ? board.connects : spent(board.connects, durations.connect),
  }
}

const withoutOutage = ({ paused }: Board, outage: Pause['outage']) =>
  paused.filter((one) => one.outage !== outage)

const spent = ({ count, ms }: Spent, more: number): Spent => ({ count: count + 1, ms: ms + more })
