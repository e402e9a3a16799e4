import { afterEach } from 'vitest'
import { BackendClient, type BackendClientOptions } from '../../../src/backend/client.ts'
import { Outbox, type OutboxOptions } from '../../../src/backend/outbox/outbox.ts'
import type { WorkerMetrics } from '../../../src/backend/port.ts'
import { WorkerRegistryService } from '../../../src/backend/worker-registry-service.ts'
import type { Instants } from '../../../src/registry/port.ts'
import { MemoryOutbox } from '../../support/memory-outbox.ts'
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

/** A strict backend and a client that talks to it; both are closed after the test. */
export async function connect(
  more: Partial<BackendClientOptions> = {},
): Promise<{ backend: StrictBackend; client: BackendClient; waits: number[] }> {
  const backend = new StrictBackend()
  await backend.up()
  const { client, waits } = clientOf(backend, more)
  open.push({ close: () => client.close() }, { close: () => backend.down() })
  return { backend, client, waits }
}

/** The service, with what lies on disk where it is given; the client's `sleep` waits for nothing. */
export async function serve(
  more: {
    backend?: StrictBackend
    store?: MemoryOutbox
    instants?: Instants
    client?: Partial<BackendClientOptions>
    outbox?: Partial<OutboxOptions>
  } = {},
): Promise<{
  backend: StrictBackend
  service: WorkerRegistryService
  outbox: Outbox
  store: MemoryOutbox
}> {
  const backend = more.backend ?? new StrictBackend()
  if (more.backend === undefined) {
    await backend.up()
    open.push({ close: () => backend.down() })
  }
  const { client } = clientOf(backend, more.client ?? {})
  const store = more.store ?? new MemoryOutbox()
  const outbox = new Outbox({
    store,
    send: (letter) => client.deliver(letter),
    now: () => AT,
    ...more.outbox,
  })
  const service = new WorkerRegistryService({
    client,
    outbox,
    instants: more.instants ?? memoryInstants(),
    registration: more.client?.registration ?? true,
    now: () => AT,
    onError: (error) => {
      throw error
    },
  })
  await service.load()
  open.unshift({ close: () => service.close() })
  return { backend, service, outbox, store }
}

function memoryInstants(): Instants {
  const all = new Map<string, number>()
  return {
    read: (name) => Promise.resolve(all.get(name)),
    write: (name, at) => {
      all.set(name, at)
      return Promise.resolve()
    },
  }
}

function clientOf(backend: StrictBackend, more: Partial<BackendClientOptions>) {
  const waits: number[] = []
  const client = new BackendClient({
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
  return { client, waits }
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
