import { totalmem } from 'node:os'
import type { WorkerMetrics } from './port.ts'

export type SessionCounts = Pick<WorkerMetrics, 'messageCount' | 'totalSessions' | 'activeSessions'>

/** What is read of the process and the host. */
export interface Gauges {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** Microseconds of processor time that this process has used. */
  cpu(): number
  memory(): { total: number; free: number }
  /** Seconds since the process began. */
  uptime(): number
}

const GAUGES: Gauges = {
  now: () => performance.now(),
  cpu() {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  memory() {
    // A container's limit counts where there is one. What the system keeps in caches is available.
    const limit = process.constrainedMemory()
    const total = limit > 0 && limit < totalmem() ? limit : totalmem()
    return { total, free: process.availableMemory() }
  },
  uptime: () => process.uptime(),
}

/** Measures the worker; processor use is that since the measurement before. */
export class MetricsMeter {
  readonly #gauges: Gauges
  #at: number
  #cpu: number

  constructor(gauges: Gauges = GAUGES) {
    this.#gauges = gauges
    this.#at = gauges.now()
    this.#cpu = gauges.cpu()
  }

  measure(counts: SessionCounts): WorkerMetrics {
    const { total, free } = this.#gauges.memory()
    return {
      cpuUsage: this.#cpuPercent(),
      memoryUsage: rounded(total > 0 ? ((total - free) / total) * 100 : 0),
      uptime: Math.round(this.#gauges.uptime()),
      messageCount: counts.messageCount,
      totalSessions: counts.totalSessions,
      activeSessions: counts.activeSessions,
    }
  }

  #cpuPercent(): number {
    const at = this.#gauges.now()
    const cpu = this.#gauges.cpu()
    const elapsed = (at - this.#at) * 1000
    const used = cpu - this.#cpu
    this.#at = at
    this.#cpu = cpu
    return elapsed > 0 ? rounded((used / elapsed) * 100) : 0
  }
}

/** One decimal, within 0 to 100. */
const rounded = (percent: number): number =>
  Math.round(Math.min(100, Math.max(0, percent)) * 10) / 10
