import type { WorkerRegistry } from '../backend/port.ts'
import type { AuthStore } from '../authstate/port.ts'
import type { HealthCheck } from '../control/handlers.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LoginGate, RecoveryEvent } from '../recovery/port.ts'
import type { Instants, RecoveryRuns, Verifications } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'
import type { ObjectStore } from '../store/port.ts'
import type { Logger } from 'pino'
import type { MovingIn } from '../whatsapp/moving-in.ts'
import type { Operations } from '../whatsapp/operations.ts'
import type { Pairing } from '../whatsapp/pairing.ts'
import type { SessionEvent } from '../whatsapp/ports.ts'
import type { BaileysService } from '../whatsapp/service.ts'
import type { BackPressure } from './back-pressure.ts'
import type { Bus } from './bus.ts'
import type { CopySchedule } from './copy-schedule.ts'
import type { DrillSettings } from './drill/settings.ts'
import type { Encryption } from './encryption.ts'
import type { FleetLink } from './fleet-link.ts'
import type { LogRing } from './log-ring.ts'
import type { SecondSite } from './second-site.ts'
import type { Stopped } from './put-away.ts'
import type { Reloading } from './reload.ts'
import type { RetryRounds } from './retry.ts'
import type { StoreHealth } from './store-health.ts'
import type { VerifySchedule } from './verify-schedule.ts'

type Phase = 'starting' | 'recovering' | 'running' | 'stopping'

/** Counts of the recovery that runs, or of the last one. */
export interface RecoveryProgress {
  phase: 'none' | 'waiting' | 'running' | 'done'
  total: number
  done: number
  recovered: number
  failed: number
  skipped: number
}

/** What the control handlers see of a running worker. */
export interface WorkerState {
  readonly version: string
  readonly workerId: string
  readonly whatsappUrl: string
  readonly startedAt: number
  phase: Phase
  recovery: RecoveryProgress
  readonly logger: Logger
  /** What was logged lately. */
  readonly logs: LogRing
  readonly bus: Bus<SessionEvent>
  readonly auth: AuthStore
  readonly replica: Replica
  readonly backend: WorkerRegistry
  readonly runs: RecoveryRuns
  readonly store: ObjectStore
  readonly verifications: Verifications
  readonly instants: Instants
  readonly storeHealth: StoreHealth
  readonly encryption: Encryption
  readonly secondSite: SecondSite
  /** Undefined where nothing is copied by itself. */
  readonly copying: CopySchedule | undefined
  /** Undefined without a fleet directory. */
  readonly fleet: FleetLink | undefined
  readonly backPressure: BackPressure
  readonly rounds: RetryRounds
  readonly verifying: VerifySchedule
  readonly drill: DrillSettings
  readonly reloading: Reloading
  readonly metrics: Metrics
  health(question: 'livez' | 'readyz'): Promise<HealthCheck[]>
  readonly service: BaileysService
  readonly logins: LoginGate
  readonly pairing: Pairing
  readonly operations: Operations
  /** Undefined until the worker stops; grows while it does. */
  leaving: Stopped | undefined
  readonly movingIn: MovingIn
  /** Aborts when the worker stops. */
  readonly stopping: AbortSignal
}

export const NO_RECOVERY: RecoveryProgress = {
  phase: 'none',
  total: 0,
  done: 0,
  recovered: 0,
  failed: 0,
  skipped: 0,
}

/** The progress after one more event. */
export function advance(progress: RecoveryProgress, event: RecoveryEvent): RecoveryProgress {
  switch (event.type) {
    case 'begin':
      return { ...NO_RECOVERY, phase: 'running', total: event.total }
    case 'settled':
      return {
        ...progress,
        done: event.done,
        [event.result.outcome]: progress[event.result.outcome] + 1,
      }
    case 'end':
      return { ...progress, phase: 'done' }
    case 'attempt':
    case 'restored':
    case 'retry':
    case 'paused':
    case 'probe':
    case 'resumed':
      return progress
  }
}
