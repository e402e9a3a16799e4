import type { CallName, Event, Input, Result, StreamName } from './api.ts'

export interface CallContext {
  /** `socket`: a local user whom file permissions let in. `tcp`: a bearer of the token. */
  via: 'socket' | 'tcp'
  /**
   * Aborts when the caller has gone or the server closes. For `events`: return. Operations belong
   * to the daemon and go on.
   */
  signal: AbortSignal
}

interface StreamContext<E> extends CallContext {
  /**
   * Sends one event. Never blocks and never throws: after the caller has gone, or when it reads so
   * slowly that too much waits for it, events are dropped.
   */
  readonly emit: (event: E) => void
}

/**
 * What the daemon does for each method. A call resolves with its result; a stream emits its events,
 * the last one included (`result` or `end`), and resolves. Both throw GatewayErrors: before a
 * stream's first event they become an HTTP status, later the stream's last line.
 */
export type MethodHandlers = {
  [M in CallName]: (input: Input<M>, context: CallContext) => Promise<Result<M>>
} & {
  [M in StreamName]: (input: Input<M>, context: StreamContext<Event<M>>) => Promise<void>
}

/** One thing that health depends on, by the name under which `?verbose` lists it. */
export interface HealthCheck {
  name: string
  /** Why it failed; absent where it is ok. Shown to those who may read the rest of the API. */
  failure?: string
}

export interface ControlHandlers {
  methods: MethodHandlers
  /** Aborts when the daemon begins to stop, and with that what it is asked for. */
  stopping: AbortSignal
  /** For /livez: what only a restart heals. For /readyz: what must be so for sessions to be served. */
  health(question: 'livez' | 'readyz'): Promise<HealthCheck[]>
  /** For /metrics. */
  metrics(): Promise<{ contentType: string; text: string }>
}
