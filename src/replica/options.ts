import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import type { LocalState } from './context.ts'
import type { RetentionPolicy } from './retention/policy.ts'
import type { Sealer } from './sealer.ts'
import type { SilenceTiming } from './silence.ts'
import type { SwapTiming } from './swap.ts'

export interface ReplicaOptions {
  store: ObjectStore
  auth: LocalState
  /** This worker's name. */
  worker: string
  /** Without one, objects are stored as they are. */
  sealer?: Sealer
  clock?: Clock
  swapTiming?: SwapTiming
  silenceTiming?: SilenceTiming
  /** Milliseconds between two bundles at most; default 1,000, with `ack: remote` 25. */
  shipWindowMs?: number
  /** How long log that nobody needs any more is kept for going back; default 72. */
  pointInTimeHours?: number
  /** Which superseded snapshots stay; default DEFAULT_RETENTION. */
  retention?: RetentionPolicy
}
