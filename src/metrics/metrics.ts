import { collectDefaultMetrics, Registry } from 'prom-client'
import type { AuthStore } from '../authstate/port.ts'
import type { WorkerRegistry } from '../backend/port.ts'
import type { LoginGate } from '../recovery/port.ts'
import type { Replica } from '../replica/port.ts'
import { CAUSES, type CauseId, type Outage } from '../session/cause.ts'
import type { RecoveryResult } from '../session/report.ts'
import { SESSION_STATES, type SessionState } from '../session/state.ts'
import type { SessionEvent } from '../whatsapp/ports.ts'
import { connectionChange } from './connection.ts'
import { createInstruments, type Instruments } from './instruments.ts'
import type { StoreRequest } from './measured-store.ts'
import { definition, METRIC_NAMES } from './table.ts'

/** What is asked of the running worker with every scrape; it must be cheap for 1,000 sessions. */
export interface MetricSources {
  ready(): Promise<boolean>
  storeUp(): boolean
  readingPaused(): boolean
  sessions(): readonly SessionFigures[]
  auth: Pick<AuthStore, 'pendingBytes' | 'find'>
  replica: Pick<Replica, 'lag' | 'forfeits'>
  backend: Pick<WorkerRegistry, 'health'>
  logins: Pick<LoginGate, 'pauses'>
  verified(): VerifiedFigures
  /** Undefined where nothing is copied to a second site. */
  copied(): CopyFigures | undefined
  /** Undefined without a fleet directory. */
  fleet(): FleetFigures | undefined
}

interface VerifiedFigures {
  sessions: number
  verified: number
  damaged: readonly string[]
  /** Milliseconds since the epoch: of the one that was verified longest ago, if all were. */
  oldestAt?: number
}

interface CopyFigures {
  intervalMs: number
  /** Milliseconds since the epoch: when the last complete copy began. */
  completeAt?: number
}

interface FleetFigures {
  state: string
  /** Milliseconds since the epoch. */
  publishedAt?: number
}

interface SessionFigures {
  id: string
  state: SessionState
  provisional: boolean
  messagesIn: number
  messagesOut: number
  lastActivity: number | undefined
}

export interface MetricsOptions {
  version: string
  worker: string
  perSession: boolean
  /** What an object of this name is, where its writing is worth a timestamp. */
  kindOf(name: string): 'bundle' | 'snapshot' | undefined
  now?: () => number
}

const ABSENT_AT_FIRST = [
  'wa_gateway_last_bundle_timestamp_seconds',
  'wa_gateway_last_snapshot_timestamp_seconds',
  'wa_gateway_copy_age_seconds',
  'wa_gateway_copy_interval_seconds',
  'wa_gateway_backend_registered',
  'wa_gateway_backend_up',
  'wa_gateway_backend_last_success_timestamp_seconds',
  'wa_gateway_fleet_up',
  'wa_gateway_fleet_published_timestamp_seconds',
  'wa_gateway_outbox_entries',
  'wa_gateway_outbox_bytes',
  'wa_gateway_outbox_oldest_timestamp_seconds',
] as const
const OUTAGES = ['whatsapp', 'store'] as const satisfies readonly Outage[]
const PHASES = ['queue', 'restore', 'connect', 'total'] as const

/**
 * The worker's metrics. Counters and histograms are fed as things happen; gauges are read from the
 * sources when somebody scrapes. No part of the worker but this folder knows Prometheus.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #instruments: Instruments
  readonly #options: MetricsOptions
  readonly #states = new Map<string, SessionState>()
  readonly #settled = new WeakSet<RecoveryResult>()
  readonly #startedAt: number
  #sources: MetricSources | undefined

  constructor(options: MetricsOptions) {
    this.#options = options
    this.#startedAt = this.#now()
    collectDefaultMetrics({ register: this.#registry })
    this.#instruments = createInstruments(this.#registry, options)
    this.#begin()
    const { version, worker } = options
    this.#instruments.wa_gateway_build_info.set({ version, worker }, 1)
  }

  /** From here on scrapes tell of this worker. */
  serve(sources: MetricSources): void {
    this.#sources = sources
  }

  /** A listener for the service's events. */
  readonly listen = (event: SessionEvent): void => {
    const { wa_gateway_messages_received_total: received } = this.#instruments
    if (event.type === 'message') received.inc()
    if (event.type === 'session') this.#changed(event.view)
    if (event.type === 'copy')
      this.#instruments.wa_gateway_copies_total.inc({ outcome: event.copy.outcome })
    if (event.type === 'recovery' && event.event.type === 'settled')
      this.#recovered(event.event.result)
  }

  sent(status: 'sent' | 'pending'): void {
    this.#instruments.wa_gateway_messages_sent_total.inc({ status })
  }

  fenced(): void {
    this.#instruments.wa_gateway_fences_total.inc()
  }

  committed(seconds: number): void {
    this.#instruments.wa_gateway_commit_duration_seconds.observe(seconds)
  }

  requested({ operation, outcome, seconds, name }: StoreRequest): void {
    const metrics = this.#instruments
    metrics.wa_gateway_store_requests_total.inc({ operation, outcome })
    metrics.wa_gateway_store_request_duration_seconds.observe({ operation }, seconds)
    const wrote = outcome === 'ok' && (operation === 'put' || operation === 'put_if_absent')
    if (!wrote || name === undefined) return
    const at = this.#now() / 1000
    const kind = this.#options.kindOf(name)
    if (kind === 'bundle') metrics.wa_gateway_last_bundle_timestamp_seconds.set(at)
    if (kind === 'snapshot') metrics.wa_gateway_last_snapshot_timestamp_seconds.set(at)
  }

  /** Everything in the text format of Prometheus. */
  async scrape(): Promise<{ contentType: string; text: string }> {
    if (this.#sources !== undefined) await this.#read(this.#sources)
    const { contentType } = this.#registry
    return { contentType, text: await this.#registry.metrics() }
  }

  #changed(view: { id: string; state: SessionState; cause?: CauseId }): void {
    const change = connectionChange(this.#states.get(view.id), view)
    this.#states.set(view.id, view.state)
    const metrics = this.#instruments
    if (change.kind === 'login') metrics.wa_gateway_logins_total.inc()
    if (change.kind === 'disconnect')
      metrics.wa_gateway_disconnects_total.inc({ cause: change.cause })
  }

  #recovered(result: RecoveryResult): void {
    // Runs that share the recovery of a session tell of the same result.
    if (this.#settled.has(result)) return
    this.#settled.add(result)
    const { outcome, cause = 'none', route, attempts, durations } = result
    const metrics = this.#instruments
    metrics.wa_gateway_recoveries_total.inc({ outcome, cause })
    metrics.wa_gateway_recovery_retries_total.inc(Math.max(0, attempts - 1))
    // It was online already.
    if (route === 'none') return
    for (const phase of PHASES) {
      const ms = durations[phase]
      if (ms !== undefined)
        metrics.wa_gateway_recovery_duration_seconds.observe({ phase }, ms / 1000)
    }
  }

  async #read(sources: MetricSources): Promise<void> {
    const metrics = this.#instruments
    const { replica, auth } = sources
    metrics.wa_gateway_ready.set(Number(await sources.ready()))
    metrics.wa_gateway_store_up.set(Number(sources.storeUp()))
    metrics.wa_gateway_reading_paused.set(Number(sources.readingPaused()))
    metrics.wa_gateway_commit_pending_bytes.set(auth.pendingBytes)
    const pauses = new Set(sources.logins.pauses().map(({ outage }) => outage))
    for (const outage of OUTAGES)
      metrics.wa_gateway_recovery_paused.set({ outage }, Number(pauses.has(outage)))
    const lag = replica.lag()
    metrics.wa_gateway_replication_lag_seconds.set(lag.oldestMs / 1000)
    metrics.wa_gateway_replication_lag_changes.set(lag.changes)
    metrics.wa_gateway_replication_lag_bytes.set(lag.bytes)
    const forfeits = replica.forfeits()
    const changes = forfeits.reduce((sum, forfeit) => sum + forfeit.changes, 0)
    counted(metrics.wa_gateway_forfeited_sessions_total, forfeits.length)
    counted(metrics.wa_gateway_forfeited_changes_total, changes)
    this.#readVerified(sources.verified())
    this.#readCopied(sources.copied())
    this.#readFleet(sources.fleet())
    this.#readBackend(sources)
    this.#readSessions(sources)
  }

  #readVerified({
    sessions,
    verified,
    damaged,
    oldestAt = this.#startedAt,
  }: VerifiedFigures): void {
    const metrics = this.#instruments
    const age = sessions === 0 ? 0 : Math.max(0, this.#now() - oldestAt)
    metrics.wa_gateway_verification_age_seconds.set(age / 1000)
    metrics.wa_gateway_unverified_sessions.set(sessions - verified)
    metrics.wa_gateway_damaged_sessions.set(damaged.length)
  }

  #readCopied(copied: CopyFigures | undefined): void {
    if (copied === undefined) return
    const { intervalMs, completeAt = this.#startedAt } = copied
    const metrics = this.#instruments
    metrics.wa_gateway_copy_age_seconds.set(Math.max(0, this.#now() - completeAt) / 1000)
    metrics.wa_gateway_copy_interval_seconds.set(intervalMs / 1000)
  }

  #readFleet(fleet: FleetFigures | undefined): void {
    if (fleet === undefined) return
    const { state, publishedAt } = fleet
    this.#instruments.wa_gateway_fleet_up.set(Number(state === 'connected'))
    if (publishedAt !== undefined)
      this.#instruments.wa_gateway_fleet_published_timestamp_seconds.set(publishedAt / 1000)
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #readBackend({ backend }: MetricSources): void {
    const metrics = this.#instruments
    const { kind, registered, reach = 'unknown', lastSuccessAt, outbox } = backend.health()
    if (kind === 'standalone') return
    metrics.wa_gateway_backend_registered.set(Number(registered))
    if (reach !== 'unknown') metrics.wa_gateway_backend_up.set(Number(reach === 'up'))
    if (lastSuccessAt !== undefined)
      metrics.wa_gateway_backend_last_success_timestamp_seconds.set(lastSuccessAt / 1000)
    if (outbox === undefined) return
    metrics.wa_gateway_outbox_entries.set(outbox.waiting)
    metrics.wa_gateway_outbox_bytes.set(outbox.bytes)
    const lost = metrics.wa_gateway_outbox_lost_total
    lost.reset()
    for (const reason of ['dropped', 'expired', 'refused'] as const)
      lost.inc({ reason }, outbox[reason])
    const oldest = metrics.wa_gateway_outbox_oldest_timestamp_seconds
    if (outbox.oldestAt === undefined) oldest.remove({})
    else oldest.set(outbox.oldestAt / 1000)
  }

  #readSessions(sources: MetricSources): void {
    const metrics = this.#instruments
    const sessions = sources.sessions()
    const byState = new Map<SessionState, number>()
    for (const { state } of sessions) byState.set(state, (byState.get(state) ?? 0) + 1)
    for (const state of SESSION_STATES)
      metrics.wa_gateway_sessions.set({ state }, byState.get(state) ?? 0)
    metrics.wa_gateway_sessions_provisional.set(sessions.filter((s) => s.provisional).length)
    if (this.#options.perSession) this.#readEach(sessions, sources.auth)
    const ids = new Set(sessions.map(({ id }) => id))
    for (const id of this.#states.keys()) if (!ids.has(id)) this.#states.delete(id)
  }

  #readEach(sessions: readonly SessionFigures[], auth: MetricSources['auth']): void {
    const metrics = this.#instruments
    // Those that were removed since the last scrape go.
    for (const name of METRIC_NAMES) if (definition(name).perSession) metrics[name].reset()
    for (const { id: session, state, messagesIn, messagesOut, lastActivity } of sessions) {
      metrics.wa_gateway_session_state.set({ session, state }, 1)
      metrics.wa_gateway_session_messages_received_total.inc({ session }, messagesIn)
      metrics.wa_gateway_session_messages_sent_total.inc({ session }, messagesOut)
      const local = auth.find(session)
      const lag = local === undefined ? 0 : Math.max(0, local.seq - local.storedSeq)
      metrics.wa_gateway_session_replication_lag_changes.set({ session }, lag)
      if (lastActivity !== undefined)
        metrics.wa_gateway_session_last_activity_timestamp_seconds.set(
          { session },
          lastActivity / 1000,
        )
    }
  }

  #begin(): void {
    const metrics = this.#instruments
    // A rate over a counter that did not exist before its first event misses that event.
    for (const status of ['sent', 'pending'])
      metrics.wa_gateway_messages_sent_total.inc({ status }, 0)
    for (const outcome of ['complete', 'incomplete', 'failed'])
      metrics.wa_gateway_copies_total.inc({ outcome }, 0)
    metrics.wa_gateway_recoveries_total.inc({ outcome: 'recovered', cause: 'none' }, 0)
    for (const cause of Object.keys(CAUSES)) metrics.wa_gateway_disconnects_total.inc({ cause }, 0)
    for (const phase of PHASES) metrics.wa_gateway_recovery_duration_seconds.zero({ phase })
    // A gauge that nobody has set yet would be scraped as 0.
    for (const name of ABSENT_AT_FIRST) metrics[name].remove({})
  }
}

function counted(counter: Instruments['wa_gateway_fences_total'], total: number): void {
  counter.reset()
  counter.inc(total)
}
