import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { LivePart } from '../config/option.ts'
import type { QueuedRecoveryEngine } from '../recovery/engine.ts'
import type { Replica } from '../replica/port.ts'
import type { ServiceSettings } from '../whatsapp/ports.ts'
import type { AssignmentWatch } from './assignment-watch.ts'
import type { BackPressure } from './back-pressure.ts'
import type { BackendLink } from './backend-link.ts'
import type { CopySchedule } from './copy-schedule.ts'
import { setLevel } from './log.ts'
import { engineSettings, replicaSettings, serviceSettings } from './settings.ts'
import type { SnapshotSchedule } from './snapshots.ts'
import type { VerifySchedule } from './verify-schedule.ts'

/** The parts of a running worker that take changed settings. */
export interface Adjustable {
  logger: Logger
  engine: Pick<QueuedRecoveryEngine, 'change'>
  /** Shared with every session. */
  settings: ServiceSettings
  replica: Pick<Replica, 'change'>
  verifying: Pick<VerifySchedule, 'every'>
  /** Undefined without a second site. */
  copying: Pick<CopySchedule, 'every'> | undefined
  backPressure: Pick<BackPressure, 'limit'>
  link: Pick<BackendLink, 'every' | 'limit'>
  assignments: Pick<AssignmentWatch, 'every'> | undefined
  /** Undefined until the object store was there. */
  snapshots: Pick<SnapshotSchedule, 'every'> | undefined
}

const ADJUST: Record<LivePart, (parts: Adjustable, config: Config) => void> = {
  log: ({ logger }, { log }) => setLevel(logger, log.level),
  recovery: ({ engine, settings }, config) => {
    engine.change(engineSettings(config))
    Object.assign(settings.runner, serviceSettings(config).runner)
  },
  sessions: ({ settings, link }, { worker }) => {
    settings.maxSessions = worker.maxSessions
    link.limit(worker.maxSessions)
  },
  // The worker reads its own settings when it stops; sessions know how long sends may take then.
  stop: ({ settings }, config) => {
    settings.runner.drainMs = serviceSettings(config).runner.drainMs
  },
  backend: ({ link, assignments }, { backend }) => {
    if (backend.kind === 'standalone') return
    link.every(backend.heartbeatInterval)
    assignments?.every(backend.assignmentInterval)
  },
  backlog: ({ backPressure }, { shipping }) => backPressure.limit(shipping.backlogLimit),
  snapshots: ({ snapshots }, { snapshot }) => snapshots?.every(snapshot.interval),
  replica: ({ replica }, config) => replica.change(replicaSettings(config)),
  verify: ({ verifying }, { verify }) => verifying.every(verify.interval),
  // How the second store is reached is read when a copy begins.
  copy: ({ copying }, { copy }) => copying?.every(copy.interval),
}

/** Hands the changed settings to the parts that they are for. */
export function adjust(changed: ReadonlySet<LivePart>, config: Config, parts: Adjustable): void {
  for (const part of changed) ADJUST[part](parts, config)
}
