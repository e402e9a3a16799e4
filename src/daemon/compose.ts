import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { QueuedRecoveryEngine } from '../recovery/engine.ts'
import { MovingIn } from '../whatsapp/moving-in.ts'
import { Operations } from '../whatsapp/operations.ts'
import { Pairing } from '../whatsapp/pairing.ts'
import type { ServicePorts, SessionEvent } from '../whatsapp/ports.ts'
import { BaileysService } from '../whatsapp/service.ts'
import type { Adjustable } from './adjust.ts'
import { AssignmentWatch } from './assignment-watch.ts'
import { BackPressure } from './back-pressure.ts'
import { BackendLink } from './backend-link.ts'
import { Bus } from './bus.ts'
import { gatherHealth, liveness, readiness } from './health.ts'
import { FleetLink, openFleet } from './fleet-link.ts'
import type { LogRing } from './log-ring.ts'
import { StatusNotices } from './notices.ts'
import { watchOwnership } from './ownership.ts'
import type { Parts } from './parts.ts'
import { RecordedEngine } from './recorded-engine.ts'
import type { Reloading } from './reload.ts'
import { RetryRounds } from './retry.ts'
import { createCopySchedule } from './scheduled-copy.ts'
import { SecondSite } from './second-site.ts'
import { drillSettings, engineSettings, serviceSettings } from './settings.ts'
import { advance, NO_RECOVERY, type WorkerState } from './state.ts'
import { takeBack } from './take-back.ts'
import { createVerifySchedule } from './verifying.ts'

interface Surroundings {
  /** As it is now: a reload changes it. */
  config: () => Config
  version: string
  logger: Logger
  logs: LogRing
  reloading: Reloading
  /** Aborts when the worker stops. */
  stopping: AbortSignal
  /** What must be closed when the worker has stopped, or does not start. */
  closers: AsyncDisposableStack
}

/** A worker's parts, wired; nothing of it runs by itself yet. */
interface Composed {
  state: WorkerState
  link: BackendLink
  notices: StatusNotices
  /** Undefined without a backend. */
  assignments: AssignmentWatch | undefined
  /** What takes changed settings, but for what begins when the object store is there. */
  adjustable: Omit<Adjustable, 'snapshots'>
}

/** Puts the parts of a worker together over what is open already. */
export async function compose(around: Surroundings, parts: Parts): Promise<Composed> {
  const { auth, opened, store, storeHealth, replica, encryption, metrics } = parts
  const { registry, runs, verifications, instants } = opened
  const { version, logger, stopping } = around
  const config = around.config()
  const bus = new Bus<SessionEvent>((error) => logger.error({ err: error }, 'a listener failed'))
  const link = new BackendLink(config, { auth, ...opened, replica, logger }, version)
  around.closers.defer(() => link.close())
  await link.load()
  const notices = new StatusNotices(link.backend, logger)
  bus.on(notices.listen)
  let composed: WorkerState | undefined
  const online = (): number => composed?.service.roster.online() ?? 0
  const engine = new QueuedRecoveryEngine(engineSettings(config), online)
  const settings = serviceSettings(config)
  const ports: ServicePorts = {
    auth,
    replica,
    registry,
    backend: link.backend,
    engine: new RecordedEngine({
      engine,
      runs,
      source: () => link.backend.health().assigned?.source,
      logger,
    }),
    logins: engine,
    settings,
    logger,
    emit: (event) => bus.emit(event),
  }
  const workerId = config.worker.id
  const directory = openFleet(config)
  const remembers =
    directory === undefined || (await takeBack({ directory, registry, worker: workerId, logger }))
  const service = new BaileysService(ports)
  await service.start()
  link.serve(service)
  const watching = { service, registry, replica, notices, logger }
  const assignments = watchAssignments(config, link, watching, stopping)
  watchOwnership({ replica, assignments, logger })
  const verifying = createVerifySchedule(
    { replica, verifications, service, workerId, storeHealth, logger, bus },
    () => composed,
    config.verify.interval,
  )
  const secondSite = new SecondSite(around.config, { store, encryption }, stopping)
  const copying = createCopySchedule(
    { secondSite, storeHealth, logger, bus, instants },
    () => composed,
    around.config,
  )
  await copying?.load()
  const backPressure = new BackPressure({ replica, service, logger }, config.shipping.backlogLimit)
  const startedAt = Date.now()
  const fleet =
    directory &&
    new FleetLink(directory, {
      service,
      replica,
      ready: () => composed?.phase === 'running',
      remembers,
      worker: workerId,
      boot: auth.boot,
      version,
      startedAt,
      logger,
    })
  if (fleet !== undefined) bus.on(fleet.listen)
  const state: WorkerState = {
    version,
    workerId,
    whatsappUrl: config.whatsapp.url,
    startedAt,
    phase: 'starting',
    recovery: NO_RECOVERY,
    logger,
    logs: around.logs,
    bus,
    auth,
    replica,
    backend: link.backend,
    runs,
    store,
    verifications,
    instants,
    storeHealth,
    encryption,
    secondSite,
    copying,
    fleet,
    backPressure,
    rounds: new RetryRounds({ service, auth, logger }, stopping),
    reloading: around.reloading,
    leaving: undefined,
    verifying,
    get drill() {
      return drillSettings(around.config())
    },
    metrics,
    health: async (question) => {
      const { socket, recovery } = around.config()
      const asked = { auth, registry, socket, roundLimitMs: recovery.deadline }
      const facts = await gatherHealth(state, asked)
      return question === 'livez' ? liveness(facts) : readiness(facts)
    },
    service,
    logins: engine,
    pairing: new Pairing(ports, service.roster),
    operations: new Operations(ports, service.roster),
    movingIn: new MovingIn(ports, service.roster),
    stopping,
  }
  bus.on((event) => {
    if (event.type === 'recovery') state.recovery = advance(state.recovery, event.event)
  })
  composed = state
  const adjustable = {
    logger,
    engine,
    settings,
    replica,
    verifying,
    copying,
    backPressure,
    link,
    assignments,
  }
  return { state, link, notices, assignments, adjustable }
}

/** Undefined without a backend. The looks begin after the first recovery. */
function watchAssignments(
  { backend, worker }: Config,
  link: BackendLink,
  ports: Omit<ConstructorParameters<typeof AssignmentWatch>[0], 'backend' | 'worker'>,
  stopping: AbortSignal,
): AssignmentWatch | undefined {
  if (link.queued === undefined || backend.kind === 'standalone') return undefined
  const watch = new AssignmentWatch(
    { backend: link.queued, worker: worker.id, ...ports },
    backend.assignmentInterval,
    stopping,
  )
  link.onBack(() => watch.look())
  return watch
}
