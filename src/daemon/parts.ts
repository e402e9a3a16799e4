import type { Logger } from 'pino'
import { openAuthStore } from '../authstate/open.ts'
import type { AuthStore } from '../authstate/port.ts'
import type { Config } from '../config/config.ts'
import { measuredStore } from '../metrics/measured-store.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { openSqliteRegistry, type OpenedRegistry } from '../registry/sqlite.ts'
import type { Replica } from '../replica/port.ts'
import { StoreReplica } from '../replica/replica.ts'
import { reviveForBaileys } from '../whatsapp/revive.ts'
import type { ObjectStore } from '../store/port.ts'
import { Encryption } from './encryption.ts'
import { KnownFolders } from './known-folders.ts'
import { createMetrics } from './measure.ts'
import { replicaSettings } from './settings.ts'
import { openConfiguredStore } from './storage.ts'
import { StoreHealth } from './store-health.ts'

/** What a worker keeps state in, and how it is reached. */
export interface Parts {
  auth: AuthStore
  opened: OpenedRegistry
  store: ObjectStore
  storeHealth: StoreHealth
  replica: Replica
  encryption: Encryption
  metrics: Metrics
}

/**
 * Takes the lock of the state directory and opens what lies in it, then what speaks to the object
 * store. Nothing of it runs by itself yet. Whatever was opened is left to `closers`, also where a
 * later part throws.
 */
export async function openParts(
  config: Config,
  version: string,
  logger: Logger,
  closers: AsyncDisposableStack,
): Promise<Parts> {
  const auth = await openAuth(config, logger, closers)
  const opened = await openRegistry(config, logger, closers)
  const metrics = createMetrics(config, version)
  const folders = new KnownFolders(config.stateDir)
  const store = measuredStore(await openConfiguredStore(config.storage, folders), (request) => {
    metrics.requested(request)
    storeHealth.heard(request)
  })
  const storeHealth = new StoreHealth(store, logger)
  closers.defer(() => store.close())
  const { encryption, replica } = openReplica(config, { auth, store, logger }, closers)
  return { auth, opened, store, storeHealth, replica, encryption, metrics }
}

/** What is stored of the sessions, and what it is sealed with; neither is asked anything yet. */
export function openReplica(
  config: Config,
  { auth, store, logger }: { auth: AuthStore; store: ObjectStore; logger: Logger },
  closers: AsyncDisposableStack,
): { encryption: Encryption; replica: Replica } {
  const encryption = new Encryption(config, store, logger)
  closers.defer(() => encryption.stop())
  const { sealer } = encryption
  const worker = config.worker.id
  const replica = new StoreReplica({ store, auth, sealer, worker, ...replicaSettings(config) })
  closers.defer(() => replica.stop())
  return { encryption, replica }
}

async function openAuth(
  { stateDir, ack }: Config,
  logger: Logger,
  closers: AsyncDisposableStack,
): Promise<AuthStore> {
  const auth = await openAuthStore({ stateDir, ack, revive: reviveForBaileys })
  closers.defer(() => auth.close())
  if (auth.quarantined !== undefined) {
    logger.error(
      { file: auth.quarantined },
      'the local state was damaged and set aside; sessions come back from the object store',
    )
  }
  return auth
}

async function openRegistry(
  { registry: { file } }: Config,
  logger: Logger,
  closers: AsyncDisposableStack,
): Promise<OpenedRegistry> {
  const opened = await openSqliteRegistry({ file })
  closers.defer(() => opened.registry.close())
  for (const warning of opened.warnings) logger.warn(warning)
  await opened.runs.interrupt()
  return opened
}
