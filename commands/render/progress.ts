import type { Event } from '../../src/control/api.ts'
import { outageWords } from './recovery.ts'
import { cut } from './text.ts'
import { duration } from './time.ts'

/** How far a recovery of many sessions is. Times are milliseconds since the epoch. */
export interface Progress {
  began: number
  total: number
  done: number
  failed: number
  /** Why everybody waits, by what is away. */
  paused: ReadonlyMap<string, string>
}

const WIDTH = 20
export function begin(total: number, now: number): Progress {
  return { began: now, total, done: 0, failed: 0, paused: new Map() }
}

export function seen(progress: Progress, event: Event<'recover'>): Progress {
  switch (event.type) {
    case 'settled': {
      const failed = progress.failed + (event.result.outcome === 'failed' ? 1 : 0)
      return { ...progress, done: event.done, total: event.total, failed }
    }
    case 'paused': {
      const paused = new Map(progress.paused)
      paused.set(event.outage, outageWords(event.outage))
      return { ...progress, paused }
    }
    case 'resumed': {
      const paused = new Map(progress.paused)
      paused.delete(event.outage)
      return { ...progress, paused }
    }
    default:
      return progress
  }
}

/** `██████░░░░  120/300 · 3 failed · 24.0/s · 7s left` */
export function renderBar(progress: Progress, now: number, columns: number): string {
  const { done, total } = progress
  const full = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH)
  const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full)
  return cut(`${bar}  ${renderLine(progress, now)}`, columns)
}

/** `120/300 · 3 failed · 24.0/s · 7s left` */
export function renderLine(progress: Progress, now: number): string {
  const { began, total, done, failed, paused } = progress
  const rate = done / Math.max(0.001, (now - began) / 1_000)
  const left = rate > 0 ? ((total - done) / rate) * 1_000 : undefined
  const parts = [
    `${done}/${total}`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(done > 0 && done < total ? [`${rate.toFixed(1)}/s`] : []),
    ...[...paused.values()].map((why) => `waiting: ${why}`),
    ...(left !== undefined && done < total && paused.size === 0 ? [`${duration(left)} left`] : []),
  ]
  return parts.join(' · ')
}
