import { expect, test } from 'vitest'
import { recoveryProgress, renderFailures } from '../../../commands/render/recovery.ts'
import { renderShow } from '../../../commands/render/show.ts'
import { renderSessions } from '../../../commands/render/sessions.ts'
import { renderStatus } from '../../../commands/render/status.ts'
import type { Result } from '../../../src/control/api.ts'
import { daemonStatus } from '../../support/daemon-status.ts'
import { session } from '../../support/fake-methods.ts'

const NOW = Date.UTC(2025, 5, 1, 13)
const status = (more: Partial<Result<'status'>> = {}): Result<'status'> =>
  daemonStatus({
    worker: 'one',
    startedAt: NOW - 7_200_000,
    store: { label: 's3 minio:9000/sessions', offHost: true, healthy: true },
    backend: { kind: 'http', registered: true },
    recovery: { phase: 'done', total: 2, done: 2, recovered: 2, failed: 0, skipped: 0, paused: [] },
    verify: {
      intervalMs: 604_800_000,
      sessions: 1,
      verified: 1,
      damaged: [],
      oldestAt: NOW - 172_800_000,
    },
    sessions: [session('anna')],
    ...more,
  })

test('all is well: a short page', () => {
  expect(renderStatus(status(), NOW)).toBe(
    [
      'worker    one, running',
      'daemon    wa-gateway 0.1.0, process 7, up 2h',
      'whatsapp  wss://web.whatsapp.com/ws/chat',
      'store     s3 minio:9000/sessions, healthy',
      'receipts  for what is on this disk',
      'behind    nothing',
      'backend   registered',
      'recovery  2 recovered, 0 failed, 0 skipped',
      'verified  1 of 1 sessions in the store, the first of them 2d ago',
      'sessions  1 of 1 online',
      '',
      'SESSION  STATE   FOR',
      'anna     online  1h',
      '',
    ].join('\n'),
  )
})

test('a second site, while all is well and while it fails', () => {
  const copy = { store: 's3://copy', intervalMs: 3_600_000, completeAt: NOW - 600_000 }
  expect(renderStatus(status({ copy }), NOW)).toContain('copy      s3://copy, complete 10m ago\n')
  const running = { done: 3, total: 8 }
  expect(renderStatus(status({ copy: { ...copy, running } }), NOW)).toContain(
    'copy      s3://copy, complete 10m ago; copying, 3 of 8 sessions\n',
  )
  const trouble = { at: NOW, outcome: 'failed', detail: 'no answer from there' } as const
  const failing = { store: 's3://copy', intervalMs: 3_600_000, trouble }
  expect(renderStatus(status({ copy: failing }), NOW)).toContain(
    'copy      s3://copy, no complete copy yet; FAILING: no answer from there\n',
  )
})

test('what is behind, lost and wanted is said in words', () => {
  const page = renderStatus(
    status({
      shipping: {
        ack: 'remote',
        lag: { changes: 12, bytes: 4_096, oldestMs: 95_000, error: 'no answer from minio:9000' },
        paused: true,
        forfeits: [{ sessionId: 'ben', changes: 1, by: 'two', at: NOW - 60_000 }],
        wanted: [{ sessionId: 'anna', worker: 'three', boot: 'b', at: NOW - 5_000 }],
      },
      sessions: [{ ...session('anna'), provisional: true }],
    }),
    NOW,
  )
  expect(page).toContain('receipts   for what is in the object store\n')
  expect(page).toContain(
    'behind     12 changes (4.0 KiB) not stored yet, the oldest for 1m; FAILING: no answer from minio:9000; PAUSED: nothing is read from WhatsApp until half of it is stored\n',
  )
  expect(page).toContain('forfeited  1 unstored change of ben, which worker two took 1m ago\n')
  expect(page).toContain('wanted     anna, by worker three since 5s\n')
  expect(page).toContain('1 of 1 online, 1 provisional until the store answers\n')
  expect(page).toContain('anna     online (provisional)')
})

test('what is wrong is said in words', () => {
  const page = renderStatus(
    status({
      ready: false,
      phase: 'recovering',
      store: { label: 'folder /o', offHost: false, healthy: false, detail: 'the disk is full' },
      backend: {
        kind: 'http',
        registered: false,
        lastError: { at: NOW - 60_000, call: 'heartbeat', message: 'HTTP 401' },
      },
      recovery: {
        phase: 'running',
        total: 9,
        done: 4,
        recovered: 3,
        failed: 1,
        skipped: 0,
        paused: [],
      },
    }),
    NOW,
  )
  expect(page).toContain('worker    one, recovering, not ready\n')
  expect(page).toContain('store     folder /o, FAILING: the disk is full\n')
  expect(page).toContain('backend   NOT registered; heartbeat failed 1m ago: HTTP 401\n')
  expect(page).toContain('recovery  4 of 9 done: 3 recovered, 1 failed, 0 skipped\n')
})

test('the backend: away, the list from memory, what waits and what was never taken', () => {
  const page = renderStatus(
    status({
      backend: {
        kind: 'http',
        registered: true,
        reach: 'away',
        reachSince: NOW - 180_000,
        lastError: { at: NOW - 5_000, call: 'heartbeat', message: 'ECONNREFUSED' },
        assigned: { source: 'cache', at: NOW - 7_200_000, unlisted: ['anna'] },
        outbox: {
          waiting: 3,
          bytes: 900,
          oldestAt: NOW - 120_000,
          dropped: 2,
          expired: 1,
          refused: 1,
          lastRefusal: { at: NOW, call: 'recovery status', message: 'the backend answered 400' },
          lastError: { at: NOW, call: 'session status', message: 'HTTP 503' },
        },
      },
    }),
    NOW,
  )
  expect(page).toContain(
    'backend   registered; AWAY for 3m; heartbeat failed 5s ago: ECONNREFUSED\n',
  )
  expect(page).toContain(
    "assigned  from memory: the backend's list was given 2h ago; not listed, but running here: anna\n",
  )
  expect(page).toContain(
    'outbox    3 to tell, the oldest for 2m: HTTP 503; 1 REFUSED, the last: the backend answered 400; 2 DROPPED for want of room\n',
  )
})

test('a store on this host is pointed out', () => {
  const store = { label: 'folder /o', offHost: false, healthy: true }
  expect(renderStatus(status({ store }), NOW)).toMatch(/folder \/o, healthy: no off-host copy/)
})

test('sessions: changes that are not stored, and the cause with what was seen', () => {
  const table = renderSessions(
    [
      session('a', { seq: 12, storedSeq: 5 }),
      session('b', { state: 'failed', cause: 'timeout', detail: 'after 30 s' }),
    ],
    NOW,
  )
  expect(table).toMatch(/^a +online +1h +7$/m)
  expect(table).toMatch(/^b +failed +1h +the session was not online within .*: after 30 s$/m)
  expect(renderSessions([], NOW)).toMatch(/^no sessions/)
})

test('show: what to do next, and why the owner is not known', () => {
  const page = renderShow(
    {
      session: session('ben', { state: 'needs-pairing', cause: 'logged-out' }),
      record: null,
      owner: null,
      ownerError: 'the store is away',
      backups: 0,
      next: 'run `wa-gateway session pair ben`',
      tried: [],
      paused: [],
    },
    NOW,
    'all',
  )
  expect(page).toMatch(/^next +run `wa-gateway session pair ben`$/m)
  expect(page).toMatch(/^owner +not known: the store is away$/m)
  expect(page).toMatch(/^backups +not known$/m)
})

const AWAY = { outage: 'whatsapp', cause: 'unavailable', since: NOW - 60_000, probes: 4 } as const

test('why: the cause, what it rests on, what was tried, and what comes next', () => {
  const shown = {
    session: session('ben', {
      state: 'reconnecting' as const,
      cause: 'unavailable' as const,
      detail: 'WhatsApp is unavailable (503)',
      nextAttemptAt: NOW + 12_000,
      flapping: true as const,
    }),
    record: null,
    owner: null,
    backups: 1,
    tried: [
      { at: NOW - 65_000, what: 'login', outcome: 'online', ms: 90 },
      { at: NOW - 64_000, what: 'online', outcome: 'failed', ms: 900, cause: 'connection-lost' },
      { at: NOW - 5_000, what: 'login', outcome: 'failed', ms: 30, detail: 'unavailable (503)' },
    ],
    paused: [],
  } satisfies Parameters<typeof renderShow>[0]
  const page = renderShow(shown, NOW, 'why')
  expect(page).toMatch(/^state +reconnecting for 1h, flapping/m)
  expect(page).toMatch(/^cause +unavailable$/m)
  expect(page).toMatch(/^why +WhatsApp is unavailable \(503\)$/m)
  expect(page).toMatch(/^retries +in 12\.0 s$/m)
  expect(page).toMatch(/^owner +none/m)
  expect(page).toMatch(/^1m ago +login +90 ms +online$/m)
  expect(page).toMatch(/^1m ago +online +900 ms +lost +the connection to WhatsApp was lost/m)
  expect(page).toMatch(/^5s ago +login +30 ms +failed +unavailable \(503\)$/m)

  const { nextAttemptAt: _, ...waiting } = shown.session
  const queued = { ...shown, session: { ...waiting, waitsFor: 'turn' as const } }
  expect(renderShow(queued, NOW, 'why')).toMatch(/^retries +as soon as it is its turn$/m)
  expect(renderShow({ ...queued, paused: [AWAY] }, NOW, 'why')).toMatch(
    /^retries +when WhatsApp is back: all wait since .*: *WhatsApp is unavailable|\(WhatsApp is unavailable\)$/m,
  )
})

test('status says what all sessions wait for', () => {
  const { recovery } = status({})
  const page = renderStatus(status({ recovery: { ...recovery, paused: [AWAY] } }), NOW)
  expect(page).toMatch(/^PAUSED +all logins for 1m, 4 tried since: WhatsApp is unavailable$/m)
})

test('progress and failures of a recovery', () => {
  const result = {
    sessionId: 'ben',
    outcome: 'failed' as const,
    cause: 'owned-elsewhere' as const,
    attempts: 2,
    durations: { total: 10 },
  }
  expect(recoveryProgress({ type: 'settled', result, done: 1, total: 3 })).toBe('1/3 ben failed')
  expect(
    recoveryProgress({ type: 'retry', sessionId: 'ben', attempt: 1, delayMs: 1_500, detail: 'x' }),
  ).toBe('ben: attempt 1 failed, again in 1.5 s: x')
  expect(recoveryProgress({ type: 'attempt', sessionId: 'ben', attempt: 1 })).toBeUndefined()
  expect(renderFailures([result])).toContain('`wa-gateway recover --session ben --take-over`')
  expect(renderFailures([])).toBe('')
})

test.each([
  [{ state: 'connecting', waiting: 2 }, 'connecting'],
  [{ state: 'connected', waiting: 0, publishedAt: NOW - 4_000 }, 'told 4s ago'],
  [{ state: 'connected', waiting: 3, publishedAt: NOW - 4_000 }, 'told 4s ago, 3 to tell'],
  [
    { state: 'away', waiting: 1, publishedAt: NOW - 70_000, detail: 'it is down' },
    'AWAY for 1m, told 1m ago, 1 to tell: it is down',
  ],
  [{ state: 'refused', waiting: 0, detail: 'no' }, 'REFUSED for 1m, nothing told yet: no'],
] as const)('a fleet directory %j is: %s', (fleet, words) => {
  const shown = renderStatus(
    status({ fleet: { database: 'db:5432/f', since: NOW - 60_000, ...fleet } }),
    NOW,
  )
  const where = fleet.state === 'away' || fleet.state === 'refused' ? '' : 'db:5432/f, '
  expect(shown).toContain(`\nfleet     ${where}${words}\n`)
})
