import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { HealthCheck, MethodHandlers } from '../../src/control/handlers.ts'
import { startControlServer, type ControlServer } from '../../src/control/server.ts'
import type { SessionView } from '../../src/session/state.ts'
import { fakeMethods, session, VERSION } from './fake-methods.ts'

export const TOKEN = 'a-token-of-the-tests'

export interface FakeDaemon extends AsyncDisposable {
  readonly dir: string
  readonly socketPath: string
  readonly httpUrl: string
  readonly sessions: Map<string, SessionView>
  /** Every call that reached a handler. */
  readonly calls: { method: string; input: unknown }[]
  /** Failures that the server reported for the log. */
  readonly failures: string[]
  /** Replaces single handlers while it runs. */
  readonly methods: MethodHandlers
  /** What /livez and /readyz answer with. */
  checks: HealthCheck[]
  /** Begins to stop: the server answers until it is closed. */
  stop(): void
  close(): Promise<void>
}

/** A daemon of which only the control API is real; its sessions live in a map. */
export async function startFakeDaemon(
  version = VERSION,
  heartbeatMs?: number,
  /** Where another one was before. */
  socketPath?: string,
): Promise<FakeDaemon> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-control-'))
  const sessions = new Map(
    [
      session('anna', { phone: '491701234567', name: 'Anna', epoch: 2, seq: 40, storedSeq: 40 }),
      session('ben', { state: 'needs-pairing', cause: 'logged-out', detail: 'code 401' }),
    ].map((view) => [view.id, view]),
  )
  const calls: FakeDaemon['calls'] = []
  const failures: string[] = []
  const stopping = new AbortController()
  const methods = recording(fakeMethods(sessions), calls)
  const health: { checks: HealthCheck[] } = { checks: [{ name: 'store' }] }
  const server: ControlServer = await startControlServer({
    handlers: {
      methods,
      stopping: stopping.signal,
      health: async () => health.checks,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    },
    version,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
    socketPath: socketPath ?? join(dir, 'run', 'control.sock'),
    http: { host: '127.0.0.1', port: 0, token: TOKEN },
    onFailure: (method, error) => failures.push(`${method}: ${error.message}`),
  })
  const close = async () => {
    await server.close()
    await rm(dir, { recursive: true, force: true })
  }
  return {
    dir,
    socketPath: server.socketPath,
    httpUrl: server.httpUrl ?? '',
    sessions,
    calls,
    failures,
    methods,
    stop: () => stopping.abort(),
    close,
    set checks(checks) {
      health.checks = checks
    },
    get checks() {
      return health.checks
    },
    [Symbol.asyncDispose]: close,
  }
}

/** Routes look a handler up once, so what tests replace is looked up behind it. */
function recording(methods: MethodHandlers, calls: FakeDaemon['calls']): MethodHandlers {
  const current: Record<string, unknown> = { ...methods }
  return new Proxy(methods, {
    set: (_, name, value) => Reflect.set(current, name, value),
    get: (_, name) => (input: unknown, context: unknown) => {
      calls.push({ method: String(name), input })
      const handler = current[String(name)] as (i: unknown, c: unknown) => unknown
      return handler(input, context)
    },
  })
}
