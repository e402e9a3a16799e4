import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import type { LocalState } from './context.ts'
import type { Sealer } from './sealer.ts'
import type { ReplicaSettings } from './settings.ts'
import type { SilenceTiming } from './silence.ts'
import type { SwapTiming } from './swap.ts'

export interface ReplicaOptions extends ReplicaSettings {
  store: ObjectStore
  auth: LocalState
  /** This worker's name. */
  worker: string
  /** Without one, objects are stored as they are. */
  sealer?: Sealer
  clock?: Clock
  swapTiming?: SwapTiming
  silenceTiming?: SilenceTiming
}
