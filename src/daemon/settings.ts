import type { Config } from '../config/config.ts'
import type { ReplicaSettings } from '../replica/settings.ts'
import type { LifeSettings } from '../session/life.ts'
import type { EngineSettings } from '../recovery/engine.ts'
import type { ServiceSettings } from '../whatsapp/ports.ts'
import type { DrillSettings } from './drill/settings.ts'

const CONNECT_TIMEOUT_MS = 20_000
/** How a session that lost its connection, or whose recovery failed, tries again by itself. */
const LIFE: LifeSettings = {
  reconnect: { baseMs: 1_000, maxMs: 60_000 },
  stableMs: 60_000,
  flapCount: 5,
  flapWindowMs: 900_000,
  flap: { baseMs: 60_000, maxMs: 300_000 },
  loginsPerHour: 60,
  maxRestarts: 3,
  rest: { baseMs: 15_000, maxMs: 120_000 },
}
/** WhatsApp shows six QR codes: one for 60 s, five for 20 s. */
const PAIRING_TIMEOUT_MS = 180_000

/** How much of GRACEFUL_SHUTDOWN_TIMEOUT sends that are under way may use. */
const DRAIN_SHARE = 0.2

export function serviceSettings(config: Config): ServiceSettings {
  const { recovery, whatsapp, worker, shutdown } = config
  return {
    runner: {
      url: whatsapp.url,
      version: whatsapp.version === undefined ? undefined : [...whatsapp.version],
      connectTimeoutMs: Math.min(CONNECT_TIMEOUT_MS, recovery.timeout),
      loginMs: recovery.timeout,
      life: LIFE,
      drainMs: Math.round(shutdown.timeout * DRAIN_SHARE),
    },
    recovery: { enabled: recovery.enabled, startupDelayMs: recovery.startupDelay },
    maxSessions: worker.maxSessions,
    pairingTimeoutMs: PAIRING_TIMEOUT_MS,
  }
}

export function replicaSettings({ shipping, retention }: Config): ReplicaSettings {
  const { window: shipWindowMs, pointInTimeHours } = shipping
  return { shipWindowMs, pointInTimeHours, retention }
}

/**
 * A worker that is alone with its sessions and acknowledges by its own disk may run them while the
 * store is away. One of a fleet can't know whether another has taken them meanwhile.
 */
export function mayRunProvisionally({ backend, ack, recovery }: Config): boolean {
  return backend.kind === 'standalone' && ack === 'local' && recovery.enabled
}

export function engineSettings({ recovery, whatsapp }: Config): EngineSettings {
  return {
    concurrency: recovery.concurrency,
    restores: recovery.restores,
    loginRate: whatsapp.loginRate,
    order: recovery.order,
    deadlineMs: recovery.deadline,
    timeoutMs: recovery.timeout,
    maxRetries: recovery.maxRetries,
    retryDelayMs: recovery.retryDelay,
  }
}

export function drillSettings({ stateDir, recovery, whatsapp }: Config): DrillSettings {
  return {
    stateDir,
    restores: recovery.restores,
    logins: recovery.concurrency,
    loginRate: whatsapp.loginRate,
    timeoutMs: Math.min(CONNECT_TIMEOUT_MS, recovery.timeout),
  }
}
