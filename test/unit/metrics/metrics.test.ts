import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Metrics, type MetricSources } from '../../../src/metrics/metrics.ts'
import { renderMetrics } from '../../../src/metrics/render.ts'
import { definition, METRIC_NAMES } from '../../../src/metrics/table.ts'
import { CAUSES } from '../../../src/session/cause.ts'
import { SESSION_STATES, type SessionState, type SessionView } from '../../../src/session/state.ts'

const AT = Date.UTC(2025, 5, 1)

function sourcesOf(states: readonly SessionState[], more: Partial<MetricSources> = {}) {
  return {
    ready: async () => true,
    storeUp: () => true,
    readingPaused: () => false,
    sessions: () =>
      states.map((state, n) => ({
        id: `session-${n}`,
        state,
        provisional: false,
        messagesIn: 2,
        messagesOut: 1,
        lastActivity: AT,
      })),
    auth: { pendingBytes: 12, find: () => undefined },
    replica: { lag: () => ({ changes: 3, bytes: 900, oldestMs: 1500 }), forfeits: () => [] },
    backend: { health: () => ({ kind: 'standalone', registered: true }) },
    logins: { pauses: () => [] },
    verified: () => ({ sessions: 3, verified: 2, damaged: ['session-1'] }),
    copied: () => undefined,
    fleet: () => undefined,
    ...more,
  } satisfies MetricSources
}

function create(perSession = false): Metrics {
  return new Metrics({
    version: '1.2.3',
    worker: 'worker-1',
    perSession,
    kindOf: (name) => (name === 'a-bundle' ? 'bundle' : undefined),
    now: () => AT,
  })
}

/** The samples of a scrape by name and labels. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const { text } = await metrics.scrape()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

function view(state: SessionState, cause?: SessionView['cause']): SessionView {
  const rest = { since: AT, messagesIn: 0, messagesOut: 0 }
  return { id: 'session-0', state, ...(cause && { cause }), ...rest }
}

test('how old the oldest verification is, from the start where one never was', async () => {
  const metrics = create()
  const verified = { sessions: 2, verified: 2, damaged: ['anna'], oldestAt: AT - 90_000 }
  metrics.serve(sourcesOf([], { verified: () => verified }))
  const found = await scrape(metrics)
  expect(found.get('wa_gateway_verification_age_seconds')).toBe(90)
  expect(found.get('wa_gateway_damaged_sessions')).toBe(1)
  expect(found.get('wa_gateway_unverified_sessions')).toBe(0)
  metrics.serve(sourcesOf([]))
  expect((await scrape(metrics)).get('wa_gateway_verification_age_seconds')).toBe(0)
  expect((await scrape(metrics)).get('wa_gateway_unverified_sessions')).toBe(1)
})

test('whether the fleet directory takes what is said, where there is one', async () => {
  const names = ['wa_gateway_fleet_up', 'wa_gateway_fleet_published_timestamp_seconds']
  const of = async (fleet: MetricSources['fleet']) => {
    const metrics = create()
    metrics.serve(sourcesOf([], { fleet }))
    const samples = await scrape(metrics)
    return names.map((name) => samples.get(name))
  }
  expect(await of(() => undefined)).toEqual([undefined, undefined])
  expect(await of(() => ({ state: 'connecting' }))).toEqual([0, undefined])
  expect(await of(() => ({ state: 'connected', publishedAt: AT }))).toEqual([1, AT / 1000])
  expect(await of(() => ({ state: 'away', publishedAt: AT }))).toEqual([0, AT / 1000])
})

test('how old the last complete copy at the second site is, where there is one', async () => {
  const metrics = create()
  metrics.serve(sourcesOf([]))
  const without = await scrape(metrics)
  expect(without.has('wa_gateway_copy_age_seconds')).toBe(false)
  expect(without.has('wa_gateway_copy_interval_seconds')).toBe(false)
  expect(without.get('wa_gateway_copies_total{outcome="failed"}')).toBe(0)
  let completeAt: number | undefined
  const copied = () => ({ intervalMs: 60_000, ...(completeAt !== undefined && { completeAt }) })
  metrics.serve(sourcesOf([], { copied }))
  expect((await scrape(metrics)).get('wa_gateway_copy_age_seconds')).toBe(0)
  completeAt = AT - 300_000
  const run = { store: 'folder:/b', outcome: 'failed', at: AT, sessions: 0, bytes: 0 } as const
  metrics.listen({ type: 'copy', copy: run })
  const samples = await scrape(metrics)
  expect(samples.get('wa_gateway_copy_age_seconds')).toBe(300)
  expect(samples.get('wa_gateway_copy_interval_seconds')).toBe(60)
  expect(samples.get('wa_gateway_copies_total{outcome="failed"}')).toBe(1)
})

test('gauges tell how the worker is when it is asked', async () => {
  const metrics = create()
  metrics.serve(
    sourcesOf(['online', 'online', 'failed'], {
      logins: { pauses: () => [{ outage: 'store', cause: 'timeout', since: AT, probes: 0 }] },
    }),
  )
  const samples = await scrape(metrics)
  expect(samples.get('wa_gateway_recovery_paused{outage="store"}')).toBe(1)
  expect(samples.get('wa_gateway_recovery_paused{outage="whatsapp"}')).toBe(0)
  expect(samples.get('wa_gateway_build_info{version="1.2.3",worker="worker-1"}')).toBe(1)
  expect(samples.get('wa_gateway_sessions{state="online"}')).toBe(2)
  expect(samples.get('wa_gateway_sessions{state="failed"}')).toBe(1)
  expect(samples.get('wa_gateway_sessions{state="banned"}')).toBe(0)
  expect(samples.get('wa_gateway_replication_lag_seconds')).toBe(1.5)
  expect(samples.get('wa_gateway_replication_lag_changes')).toBe(3)
  expect(samples.get('wa_gateway_commit_pending_bytes')).toBe(12)
})

test('what is not known is absent, not 0', async () => {
  const metrics = create()
  metrics.serve(sourcesOf([]))
  const absent = [
    'wa_gateway_last_bundle_timestamp_seconds',
    'wa_gateway_last_snapshot_timestamp_seconds',
    'wa_gateway_backend_registered',
    'wa_gateway_outbox_entries',
  ]
  const outbox = { waiting: 4, bytes: 900, oldestAt: AT, dropped: 0, expired: 2, refused: 1 }
  const before = await scrape(metrics)
  for (const name of absent) expect(before.has(name)).toBe(false)
  metrics.requested({ operation: 'put_if_absent', outcome: 'ok', seconds: 0.1, name: 'a-bundle' })
  metrics.serve(
    sourcesOf([], {
      backend: { health: () => ({ kind: 'http', registered: false, reach: 'away', outbox }) },
    }),
  )
  const after = await scrape(metrics)
  expect(after.get('wa_gateway_last_bundle_timestamp_seconds')).toBe(AT / 1000)
  expect(after.get('wa_gateway_backend_registered')).toBe(0)
  expect(after.get('wa_gateway_backend_up')).toBe(0)
  expect(after.get('wa_gateway_outbox_entries')).toBe(4)
  expect(after.get('wa_gateway_outbox_oldest_timestamp_seconds')).toBe(AT / 1000)
  expect(after.get('wa_gateway_outbox_lost_total{reason="refused"}')).toBe(1)
})

test('counters follow the events', async () => {
  const metrics = create()
  metrics.listen({ type: 'session', view: view('connecting') })
  metrics.listen({ type: 'session', view: view('online') })
  metrics.listen({ type: 'session', view: view('online', 'stalled') })
  metrics.listen({ type: 'session', view: view('reconnecting', 'connection-lost') })
  metrics.listen({ type: 'message', sessionId: 'session-0', id: '1', from: '2', text: '3', at: AT })
  metrics.sent('pending')
  metrics.fenced()
  metrics.committed(0.002)
  const result = {
    sessionId: 'session-0',
    outcome: 'failed',
    cause: 'timeout',
    attempts: 2,
    durations: { queue: 20, total: 4000 },
  } as const
  const event = { type: 'settled', result, done: 1, total: 1 } as const
  metrics.listen({ type: 'recovery', event })
  // Another run waited for the same recovery.
  metrics.listen({ type: 'recovery', event })
  metrics.requested({ operation: 'get', outcome: 'absent', seconds: 0.004 })
  const samples = await scrape(metrics)
  expect(Object.fromEntries(samples)).toMatchObject({
    wa_gateway_logins_total: 1,
    'wa_gateway_disconnects_total{cause="connection-lost"}': 1,
    'wa_gateway_disconnects_total{cause="stalled"}': 0,
    wa_gateway_messages_received_total: 1,
    'wa_gateway_messages_sent_total{status="pending"}': 1,
    wa_gateway_fences_total: 1,
    wa_gateway_commit_duration_seconds_count: 1,
    'wa_gateway_recoveries_total{outcome="failed",cause="timeout"}': 1,
    wa_gateway_recovery_retries_total: 1,
    'wa_gateway_recovery_duration_seconds_sum{phase="total"}': 4,
    'wa_gateway_recovery_duration_seconds_count{phase="queue"}': 1,
    'wa_gateway_store_requests_total{operation="get",outcome="absent"}': 1,
    'wa_gateway_store_request_duration_seconds_bucket{le="0.005",operation="get"}': 1,
  })
})

test('forfeits are counted from what the replica knows, however often one scrapes', async () => {
  const metrics = create()
  const forfeits = () => [
    { sessionId: 'a', changes: 3, at: AT },
    { sessionId: 'b', changes: 4, at: AT },
  ]
  metrics.serve(
    sourcesOf([], { replica: { lag: () => ({ changes: 0, bytes: 0, oldestMs: 0 }), forfeits } }),
  )
  await scrape(metrics)
  const samples = await scrape(metrics)
  expect(samples.get('wa_gateway_forfeited_sessions_total')).toBe(2)
  expect(samples.get('wa_gateway_forfeited_changes_total')).toBe(7)
})

test('no session is named unless that is wanted, and then only those that there are', async () => {
  const quiet = create()
  quiet.serve(sourcesOf(['online']))
  expect((await quiet.scrape()).text).not.toContain('session-0')
  const metrics = create(true)
  metrics.serve(sourcesOf(['online', 'failed']))
  const before = await scrape(metrics)
  expect(before.get('wa_gateway_session_state{session="session-1",state="failed"}')).toBe(1)
  metrics.serve(sourcesOf(['online']))
  await scrape(metrics)
  const after = await scrape(metrics)
  expect([...after.keys()].some((name) => name.includes('session-1'))).toBe(false)
  expect(after.get('wa_gateway_session_messages_received_total{session="session-0"}')).toBe(2)
})

test('a scrape has what the table has, and the documentation what a scrape has', async () => {
  const metrics = create(true)
  const { text } = await metrics.scrape()
  const own = [...text.matchAll(/^# TYPE (wa_gateway_\w+) (\w+)$/gm)].map(([, name, type]) => ({
    name,
    type,
  }))
  const table = METRIC_NAMES.map((name) => ({ name, type: definition(name).type }))
  expect(own.toSorted(byName)).toEqual(table.toSorted(byName))
  expect(page('docs/METRICS.md')).toBe(renderMetrics(page('docs/METRICS.md')))
  expect(() => renderMetrics('nothing')).toThrow('metrics:begin')
})

test('documents and alerts name no metric, label or state that there is not', () => {
  const pages = ['docs/METRICS.md', 'README.md', 'deploy/prometheus/alerts.yaml']
  const text = pages.map(page).join('\n')
  const named = [...text.matchAll(/\b(wa_gateway_\w+?)(?:_(?:bucket|sum|count))?\b(?:\{(\w+))?/g)]
  expect(named.length).toBeGreaterThan(METRIC_NAMES.length)
  for (const [, name = '', label] of named) {
    const found = METRIC_NAMES.find((metric) => metric === name)
    expect(found, name).toBeDefined()
    const labels: readonly (string | undefined)[] = (found && definition(found).labels) ?? []
    expect([undefined, ...labels], name).toContain(label)
  }
  const states = [...text.matchAll(/state=~"([a-z|-]+)"/g)].flatMap(([, list = '']) =>
    list.split('|'),
  )
  expect(states.length).toBeGreaterThan(0)
  expect(SESSION_STATES).toEqual(expect.arrayContaining(states))
  const causes = [...text.matchAll(/cause="([a-z-]+)"/g)].map(([, cause]) => cause)
  expect(Object.keys(CAUSES)).toEqual(expect.arrayContaining(causes))
})

test('names and units are those of the conventions', () => {
  for (const name of METRIC_NAMES) {
    const { type, help } = definition(name)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(name.endsWith('_duration_seconds'), name).toBe(type === 'histogram')
    expect(name).not.toMatch(/_(ms|milliseconds|kb|kilobytes)(_|$)/)
    expect(help).toMatch(/^[A-Z1].*\.$/)
  }
})

const page = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) =>
  (a.name ?? '').localeCompare(b.name ?? '')
