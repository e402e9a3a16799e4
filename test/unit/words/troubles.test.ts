import { expect, test } from 'vitest'
import type { Result } from '../../../src/control/api.ts'
import { troubles } from '../../../src/words/troubles.ts'
import { renderStatus } from '../../../commands/render/status.ts'
import { daemonStatus } from '../../support/daemon-status.ts'
import { session } from '../../support/fake-methods.ts'

const NOW = Date.UTC(2025, 5, 1, 13)
const of = (more: Partial<Result<'status'>>) => troubles(daemonStatus(more), NOW)

const FAILING = {
  label: 's3 minio:9000/wa',
  offHost: true,
  healthy: false,
  detail: 'http://minio:9000 does not answer',
  next: 'check that the store runs',
}
const { shipping, recovery, verify } = daemonStatus()
const BEHIND = { ...shipping, lag: { changes: 4, bytes: 9, oldestMs: 1, error: 'it failed' } }
const away = (outage: 'whatsapp' | 'store', cause: 'unreachable' | 'store-unavailable') => ({
  ...recovery,
  paused: [{ outage, cause, since: NOW - 60_000, probes: 1 }],
})

test.each<[string, Partial<Result<'status'>>, RegExp, RegExp]>([
  ['store', { store: FAILING }, /^the object store fails: .* does not answer$/, /store runs/],
  ['logins', { recovery: away('whatsapp', 'unreachable') }, /^all logins wait for 1m/, /network/],
  ['shipping', { shipping: BEHIND }, /^4 changes are not stored: it failed$/, /logs --level warn/],
  ['backlog', { shipping: { ...shipping, paused: true } }, /^sessions read nothing/, /BACKLOG/],
  [
    'token',
    { backend: { kind: 'http', registered: true, reach: 'denied', reachSince: NOW - 60_000 } },
    /^the backend refuses this worker for 1m$/,
    /WORKER_AUTH_TOKEN/,
  ],
  [
    'backend',
    {
      backend: {
        kind: 'http',
        registered: true,
        reach: 'away',
        lastError: { at: NOW, call: 'heartbeat', message: 'HTTP 500' },
      },
    },
    /^the backend is away: HTTP 500$/,
    /BACKEND_URL; sessions go on/,
  ],
  [
    'registration',
    {
      backend: {
        kind: 'http',
        registered: false,
        reach: 'up',
        lastError: { at: NOW, call: 'register', message: 'HTTP 400' },
      },
    },
    /^the backend has not registered this worker: HTTP 400$/,
    /log of the backend/,
  ],
  [
    'one session',
    { sessions: [session('anna', { state: 'needs-pairing', cause: 'logged-out' })] },
    /^anna is needs-pairing: the phone unlinked this device$/,
    /session pair anna/,
  ],
  [
    'a copy',
    {
      copy: {
        store: 's3://b',
        intervalMs: 1,
        trouble: { at: NOW, outcome: 'failed', detail: 'no answer' },
      },
    },
    /^the copy at s3:\/\/b fails: no answer$/,
    /second-site/,
  ],
  [
    'backups',
    { verify: { ...verify, damaged: ['a', 'b', 'c', 'd', 'e'] } },
    /^what is stored of a, b, c, and 2 more, is damaged$/,
    /verify --session a/,
  ],
])('%s: what is wrong, and what to do', (_, more, what, next) => {
  expect(of(more)).toEqual([
    { what: expect.stringMatching(what) as string, next: expect.stringMatching(next) as string },
  ])
})

test('nothing where all is well, or nothing is known yet', () => {
  const states = ['online', 'reconnecting', 'queued', 'closed'] as const
  const sessions = states.map((state) => session(state, { state }))
  expect(of({ sessions })).toEqual([])
  const { next: _, ...unasked } = FAILING
  expect(of({ store: { ...unasked, detail: 'not asked yet' } })).toEqual([])
  expect(renderStatus(daemonStatus(), NOW)).toMatch(/^worker/)
})

test('what follows from a store that fails is not told beside it', () => {
  const sessions = [session('anna', { state: 'failed', cause: 'store-unavailable' })]
  const more = { sessions, shipping: BEHIND, recovery: away('store', 'store-unavailable') }
  expect(of({ store: FAILING, ...more })).toHaveLength(1)
  expect(of(more)).toHaveLength(3)
})

test('sessions with the same cause are told together', () => {
  const banned = ['a', 'b', 'c', 'd'].map((id) => session(id, { state: 'banned', cause: 'banned' }))
  const sessions = [...banned, session('e', { state: 'failed', cause: 'timeout' })]
  const [first, second, ...more] = of({ sessions })
  expect(first).toEqual({
    what: '4 sessions: WhatsApp refuses this account (a, b, c, …)',
    next: 'see `wa-gateway status --why a`',
  })
  expect(second?.what).toMatch(/^e is failed/)
  expect(more).toEqual([])
})

test('status begins with it, and ends with it where the beginning scrolls away', () => {
  const said =
    'trouble: the object store fails: http://minio:9000 does not answer\ntry: check that the store runs\n'
  const sessions = Array.from({ length: 12 }, (_, n) => session(`shop-${n}`))
  const failing = daemonStatus({ store: FAILING, sessions })
  const whole = renderStatus(failing, NOW)
  expect(whole.startsWith(`${said}\nworker `)).toBe(true)
  expect(renderStatus(failing, NOW, 80, 60)).toBe(whole)
  expect(renderStatus(failing, NOW, 80, 24)).toBe(`${whole}\n${said}`)
  // A narrow terminal wraps.
  expect(renderStatus(daemonStatus({ store: FAILING }), NOW, 20, 24).endsWith(`\n\n${said}`)).toBe(
    true,
  )
  const well = daemonStatus({ sessions })
  expect(renderStatus(well, NOW, 80, 4)).toBe(renderStatus(well, NOW, 80))
})
