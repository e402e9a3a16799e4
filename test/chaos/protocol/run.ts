import type { AckMode } from '../../../src/authstate/port.ts'
import { ProtocolWorld } from './world.ts'

export interface RunOptions {
  /** The first seed, how many, and the distance from one to the next. */
  from: number
  schedules: number
  stride: number
  steps: number
  acks: readonly AckMode[]
  stopAtFirst: boolean
}

export interface RunResult {
  schedules: number
  violations: { seed: number; ack: AckMode; what: string }[]
  counts: Record<string, number>
}

/** Runs each seed; what broke a promise is in `violations`, with the seed that shows it again. */
export async function runSchedules(options: RunOptions): Promise<RunResult> {
  const result: RunResult = { schedules: 0, violations: [], counts: {} }
  const { from, schedules, stride, steps, acks, stopAtFirst } = options
  for (let n = 0; n < schedules; n++) {
    const seed = from + n * stride
    const ack = acks[n % acks.length] ?? 'local'
    const world = new ProtocolWorld({ seed, ack })
    try {
      await world.run(steps)
    } catch (error) {
      result.violations.push({
        seed,
        ack,
        what: error instanceof Error ? `${error.message}\n${error.stack}` : String(error),
      })
      if (stopAtFirst) return result
    }
    result.schedules++
    for (const [key, count] of Object.entries({ ...world.counts, ...world.judge.counts }))
      result.counts[key] = (result.counts[key] ?? 0) + count
  }
  return result
}
