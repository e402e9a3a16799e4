import type { Config } from '../config/config.ts'
import { Metrics } from '../metrics/metrics.ts'
import { recoverable } from '../replica/names.ts'
import type { WorkerState } from './state.ts'

export function createMetrics({ worker, metrics }: Config, version: string): Metrics {
  const { perSession } = metrics
  return new Metrics({ version, worker: worker.id, perSession, kindOf: recoverable })
}

type Measured = Pick<
  WorkerState,
  | 'metrics'
  | 'bus'
  | 'auth'
  | 'replica'
  | 'backend'
  | 'service'
  | 'storeHealth'
  | 'backPressure'
  | 'health'
  | 'logins'
  | 'verifying'
  | 'copying'
  | 'fleet'
>

/** Lets the metrics hear what happens in the worker, and see how it is when they are scraped. */
export function measure(worker: Measured): void {
  const { metrics, bus, auth, replica, backend, service } = worker
  bus.on(metrics.listen)
  auth.onCommit((ms) => metrics.committed(ms / 1000))
  replica.onFenced(() => metrics.fenced())
  metrics.serve({
    ready: async () => {
      const checks = await worker.health('readyz')
      return checks.every(({ failure }) => failure === undefined)
    },
    storeUp: () => worker.storeHealth.view.healthy,
    readingPaused: () => worker.backPressure.paused,
    sessions: () => service.roster.all(),
    auth,
    replica,
    backend,
    logins: worker.logins,
    verified: () => worker.verifying.view(),
    copied: () => worker.copying?.view(),
    fleet: () => worker.fleet?.standing(),
  })
}
