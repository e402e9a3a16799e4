import { afterEach } from 'vitest'
import {
  WorkerRegistryService,
  type WorkerRegistryServiceOptions,
} from '../../../src/backend/http.ts'
import type { WorkerMetrics } from '../../../src/backend/port.ts'
import { StrictBackend } from '../../support/strict-backend.ts'

export const WORKER = {
  workerId: 'worker-1',
  endpoint: 'http://worker-1.internal:8080',
  maxSessions: 1000,
  description: 'wa-gateway on host-1',
  version: '0.1.0',
  environment: 'TESTING',
} as const

export const METRICS: WorkerMetrics = {
  cpuUsage: 12.5,
  memoryUsage: 40,
  uptime: 60,
  messageCount: 7,
  totalSessions: 2,
  activeSessions: 1,
}

export const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
export const ISO = '2026-01-02T03:04:05.678Z'

const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

/** A strict backend and a service that talks to it; both are closed after the test. */
export async function connect(
  more: Partial<WorkerRegistryServiceOptions> = {},
): Promise<{ backend: StrictBackend; service: WorkerRegistryService; waits: number[] }> {
  const backend = new StrictBackend()
  await backend.up()
  const waits: number[] = []
  const service = new WorkerRegistryService({
    url: backend.url,
    token: backend.token,
    worker: WORKER,
    now: () => AT,
    sleep: (ms) => {
      waits.push(ms)
      return Promise.resolve()
    },
    ...more,
  })
  open.push({ close: () => service.close() }, { close: () => backend.down() })
  return { backend, service, waits }
}

/** The error that a call must end with. */
export async function failure(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('the call succeeded')
}
