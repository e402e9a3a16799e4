import type { AuthStore } from '../authstate/port.ts'
import type { WorkerRegistry } from '../backend/port.ts'
import type { LoginGate, RecoveryEngine, RecoveryEvent } from '../recovery/port.ts'
import type { Registry } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'
import type { Finding } from '../replica/verify/port.ts'
import type { SessionView } from '../session/state.ts'
import type { Logger } from 'pino'
import type { IncomingMessage } from './messages.ts'
import type { LifeSettings } from '../session/life.ts'
import type { SocketSettings } from './socket.ts'

/** What happens to sessions, for whoever listens: the control API's event stream, the backend. */
export type SessionEvent =
  | ({ type: 'message'; sessionId: string } & IncomingMessage)
  | { type: 'session'; view: SessionView }
  | { type: 'pairing'; sessionId: string; qr?: string; code?: string }
  | { type: 'recovery'; event: RecoveryEvent }
  | { type: 'finding'; finding: Finding }
  | { type: 'copy'; copy: SiteCopy }

/** How a copy of everything to the second site ended. Times are milliseconds since the epoch. */
export interface SiteCopy {
  /** As the configuration names it. */
  store: string
  outcome: 'complete' | 'incomplete' | 'failed'
  /** When it began; for `failed`, when it ended. */
  at: number
  /** That the store has, and bytes that were sent. */
  sessions: number
  bytes: number
  /** What was left out, or what failed. */
  detail?: string
}

export interface ServiceSettings {
  runner: RunnerSettings
  recovery: {
    enabled: boolean
    /** Milliseconds between the registration and the first recovery. */
    startupDelayMs: number
  }
  maxSessions: number
  /** Milliseconds that a person gets to scan or type. */
  pairingTimeoutMs: number
}

/** Everything BaileysService works with; src/daemon wires the adapters. */
export interface ServicePorts {
  auth: AuthStore
  replica: Replica
  registry: Registry
  backend: WorkerRegistry
  engine: RecoveryEngine
  /** Admission of every login that is not a recovery's. */
  logins: LoginGate
  settings: ServiceSettings
  logger: Logger
  emit(event: SessionEvent): void
}

interface RunnerSettings extends SocketSettings {
  life: LifeSettings
  /** Milliseconds that a login which no recovery waits for may take. */
  loginMs: number
  /** Milliseconds that sends get to finish before a graceful end goes on without them. */
  drainMs: number
}

export interface RunnerPorts {
  auth: AuthStore
  settings: RunnerSettings
  logger: Logger
  /** Reads the owner record: the worker that owns the session, where that is another one. */
  ownedElsewhere(sessionId: string): Promise<string | undefined>
  /** Admission of logins that no recovery asks for. */
  logins: Pick<LoginGate, 'enter'>
  /** Something of what is shown of it has changed. */
  changed(): void
  received(sessionId: string, message: IncomingMessage): void
}
