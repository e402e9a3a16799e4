interface Definition {
  type: 'gauge' | 'counter' | 'histogram'
  help: string
  labels?: readonly string[]
  /** Upper bounds of a histogram, in seconds. */
  buckets?: readonly number[]
  /** Only with WA_GATEWAY_METRICS_PER_SESSION. */
  perSession?: true
}

/** From a request to a store in the same rack to one that hangs. */
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
/** From an NVMe disk to one that stalls. */
const COMMIT_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]
const RECOVERY_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

/**
 * Every metric of the worker's own, by the name under which it is scraped. Units are base units;
 * counters count from the start of the process. docs/METRICS.md is made of this table.
 */
export const METRICS = {
  wa_gateway_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say which version runs and under which worker name.',
    labels: ['version', 'worker'],
  },
  wa_gateway_ready: {
    type: 'gauge',
    help: '1 when /readyz says so, else 0.',
  },
  wa_gateway_sessions: {
    type: 'gauge',
    help: 'Sessions of this worker by state. `online` is the only good one for a session that should run; `closed` are paused.',
    labels: ['state'],
  },
  wa_gateway_sessions_provisional: {
    type: 'gauge',
    help: "Sessions that run without the object store's word that they are this worker's.",
  },
  wa_gateway_logins_total: {
    type: 'counter',
    help: 'Connections to WhatsApp that opened.',
  },
  wa_gateway_disconnects_total: {
    type: 'counter',
    help: 'Connections to WhatsApp that ended or could not be opened, by cause; those that the worker closed itself are not counted.',
    labels: ['cause'],
  },
  wa_gateway_messages_received_total: {
    type: 'counter',
    help: 'Messages that were handed to the application.',
  },
  wa_gateway_messages_sent_total: {
    type: 'counter',
    help: 'Messages sent: `sent` where WhatsApp acknowledged, `pending` where no acknowledgement came in time.',
    labels: ['status'],
  },
  wa_gateway_recoveries_total: {
    type: 'counter',
    help: 'Recoveries of sessions that settled, by outcome (recovered, failed, skipped) and cause (`none` where recovered).',
    labels: ['outcome', 'cause'],
  },
  wa_gateway_recovery_retries_total: {
    type: 'counter',
    help: 'Attempts at recovering a session after the first one.',
  },
  wa_gateway_recovery_paused: {
    type: 'gauge',
    help: '1 while many sessions failed alike and all wait for WhatsApp (logins) or the store (restores), else 0.',
    labels: ['outage'],
  },
  wa_gateway_recovery_duration_seconds: {
    type: 'histogram',
    help: 'How long recoveries took, by phase: `queue` before the first attempt, `restore`, `connect`, and `total` from the first attempt on, retries included. Sessions that were online already are not in it.',
    labels: ['phase'],
    buckets: RECOVERY_SECONDS,
  },
  wa_gateway_store_up: {
    type: 'gauge',
    help: '1 when the object store answered the last time it was asked, else 0.',
  },
  wa_gateway_store_requests_total: {
    type: 'counter',
    help: 'Requests to the object store by operation and outcome: `ok`, `absent`, `conflict`, `aborted`, or what failed.',
    labels: ['operation', 'outcome'],
  },
  wa_gateway_store_request_duration_seconds: {
    type: 'histogram',
    help: 'Duration of requests to the object store, retries within one included.',
    labels: ['operation'],
    buckets: REQUEST_SECONDS,
  },
  wa_gateway_replication_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest change that is on this disk and not yet in the object store; 0 when there is none.',
  },
  wa_gateway_replication_lag_changes: {
    type: 'gauge',
    help: 'Changes that are on this disk and not yet in the object store.',
  },
  wa_gateway_replication_lag_bytes: {
    type: 'gauge',
    help: 'Bytes of those changes.',
  },
  wa_gateway_reading_paused: {
    type: 'gauge',
    help: '1 while sessions read nothing from WhatsApp because WA_GATEWAY_BACKLOG_LIMIT is reached, else 0.',
  },
  wa_gateway_last_bundle_timestamp_seconds: {
    type: 'gauge',
    help: 'When the object store last took a bundle of changes, in seconds since the epoch; absent before the first. A worker without changes writes none.',
  },
  wa_gateway_last_snapshot_timestamp_seconds: {
    type: 'gauge',
    help: 'When the object store last took a snapshot of a session, in seconds since the epoch; absent before the first.',
  },
  wa_gateway_verification_age_seconds: {
    type: 'gauge',
    help: "How long ago the copies of the session were read whose turn is longest ago, from the worker's start where they never were. Above WA_GATEWAY_VERIFY_INTERVAL the scheduled verification is behind.",
  },
  wa_gateway_unverified_sessions: {
    type: 'gauge',
    help: 'Sessions whose copies in the object store were never read to verify them.',
  },
  wa_gateway_damaged_sessions: {
    type: 'gauge',
    help: 'Sessions that were found damaged in the object store when they were last verified.',
  },
  wa_gateway_copy_age_seconds: {
    type: 'gauge',
    help: "How long ago the last complete copy to the second site began, from the worker's start where there never was one; absent without WA_GATEWAY_COPY_TO.",
  },
  wa_gateway_copy_interval_seconds: {
    type: 'gauge',
    help: 'WA_GATEWAY_COPY_INTERVAL; absent without WA_GATEWAY_COPY_TO.',
  },
  wa_gateway_copies_total: {
    type: 'counter',
    help: 'Copies of everything to the second site that ended: `complete`, `incomplete` where sessions were left out, or `failed`.',
    labels: ['outcome'],
  },
  wa_gateway_fences_total: {
    type: 'counter',
    help: 'Times that another worker ended the log of this one.',
  },
  wa_gateway_forfeited_sessions_total: {
    type: 'counter',
    help: 'Sessions that another worker took over before all of their changes were stored.',
  },
  wa_gateway_forfeited_changes_total: {
    type: 'counter',
    help: 'Acknowledged changes that such take-overs gave up.',
  },
  wa_gateway_commit_duration_seconds: {
    type: 'histogram',
    help: 'How long a group commit of the local state took, disk sync included.',
    buckets: COMMIT_SECONDS,
  },
  wa_gateway_commit_pending_bytes: {
    type: 'gauge',
    help: 'Bytes of changes that wait for the local disk.',
  },
  wa_gateway_backend_registered: {
    type: 'gauge',
    help: '1 when the backend took the registration, else 0; absent without a backend.',
  },
  wa_gateway_backend_up: {
    type: 'gauge',
    help: '1 while calls to the backend get through, 0 while it is away or refuses the token; absent without a backend.',
  },
  wa_gateway_backend_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the backend last took a call, in seconds since the epoch; absent before the first.',
  },
  wa_gateway_fleet_up: {
    type: 'gauge',
    help: '1 while the fleet directory takes what this worker says, else 0; absent without WA_GATEWAY_FLEET_URL.',
  },
  wa_gateway_fleet_published_timestamp_seconds: {
    type: 'gauge',
    help: 'When the fleet directory last took what this worker says, in seconds since the epoch; absent before the first time.',
  },
  wa_gateway_outbox_entries: {
    type: 'gauge',
    help: 'Reports and notices that wait for the backend; absent without a backend.',
  },
  wa_gateway_outbox_bytes: {
    type: 'gauge',
    help: 'Bytes of those reports and notices.',
  },
  wa_gateway_outbox_oldest_timestamp_seconds: {
    type: 'gauge',
    help: 'When the oldest of them was written, in seconds since the epoch; absent when there is none.',
  },
  wa_gateway_outbox_lost_total: {
    type: 'counter',
    help: 'What the backend never got: `dropped` for want of room, `expired` (QR codes), or `refused` by it.',
    labels: ['reason'],
  },
  wa_gateway_session_state: {
    type: 'gauge',
    help: 'Always 1; the label says in which state the session is.',
    labels: ['session', 'state'],
    perSession: true,
  },
  wa_gateway_session_messages_received_total: {
    type: 'counter',
    help: 'Messages of the session that were handed to the application.',
    labels: ['session'],
    perSession: true,
  },
  wa_gateway_session_messages_sent_total: {
    type: 'counter',
    help: 'Messages that the session sent.',
    labels: ['session'],
    perSession: true,
  },
  wa_gateway_session_replication_lag_changes: {
    type: 'gauge',
    help: "The session's changes that are on this disk and not yet in the object store.",
    labels: ['session'],
    perSession: true,
  },
  wa_gateway_session_last_activity_timestamp_seconds: {
    type: 'gauge',
    help: 'When the session last logged in, sent or received, in seconds since the epoch; absent before the first.',
    labels: ['session'],
    perSession: true,
  },
} as const satisfies Record<`wa_gateway_${string}`, Definition>

export type MetricName = keyof typeof METRICS

export const METRIC_NAMES = Object.keys(METRICS) as MetricName[]

/** The table's row with every field that a row may have. */
export function definition(name: MetricName): Definition {
  return METRICS[name]
}
