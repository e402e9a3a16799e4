import { expect, test } from 'vitest'
import { renderFleetSessions, renderWorkers } from '../../../commands/render/fleet.ts'
import type { Result } from '../../../src/control/api.ts'
import { published } from '../fleet/session.ts'

type Worker = Result<'fleet.workers'>['workers'][number]
type Session = Result<'fleet.sessions'>['sessions'][number]
const database = 'db:5432/fleet'

const worker = (name: string, more: Partial<Worker> = {}): Worker => ({
  worker: name,
  standing: 'running',
  boot: 'b',
  version: '0.1.0',
  host: 'host',
  ready: true,
  startedAt: 0,
  seenAt: 0,
  silentMs: 3_000,
  counts: { failed: 2, online: 998 },
  listed: 1_000,
  ...more,
})

test('workers, and the silent ones in other words', () => {
  const workers = [
    worker('a'),
    worker('b', { ready: false, counts: {} }),
    worker('c', { standing: 'silent', silentMs: 240_000, counts: { online: 41 }, listed: 7 }),
    worker('d', { standing: 'stopped', stoppedAt: 1, silentMs: 7_200_000, listed: 0, counts: {} }),
  ]
  expect(renderWorkers({ database, workers })).toBe(
    [
      'WORKER  STATE               SESSIONS                        LAST SEEN  VERSION  HOST',
      'a       running             998 online, 2 failed            3s ago     0.1.0    host',
      'b       running, not ready  none                            3s ago     0.1.0    host',
      'c       SILENT for 4m       7 listed, said last: 41 online  4m ago     0.1.0    host',
      'd       stopped             0 listed, said last: none       2h ago     0.1.0    host',
      '',
      'c is silent: lost, or cut off from the database. Its sessions: `wa-gateway fleet sessions --worker c`',
      '',
    ].join('\n'),
  )
  expect(renderWorkers({ database, workers: [] })).toBe(
    'no worker has published to db:5432/fleet yet\n',
  )
})

test('sessions of workers that are not heard are told in the past', () => {
  const session = (id: string, more: Partial<Session>): Session => ({
    ...published(id),
    worker: 'a',
    standing: 'running',
    silentMs: 60_000,
    updatedAt: 0,
    ...more,
  })
  const sessions = [
    session('s1', { phone: '15550000001', name: 'Shop' }),
    session('s2', { lastState: 'failed', lastCause: 'damaged' }),
    session('s3', { lastState: 'closed', desired: 'paused' }),
    session('s4', { standing: 'silent' }),
    session('s5', { standing: 'stopped', lastState: 'closed' }),
    session('s6', { standing: 'unknown' }),
    session('s7', { lastState: 'failed', lastCause: 'of another version' }),
  ]
  expect(renderFleetSessions({ database, sessions })).toMatchInlineSnapshot(`
    "SESSION  WORKER  STATE            PHONE        NAME  WHY
    s1       a       online           15550000001  Shop
    s2       a       failed                              the stored auth state is damaged
    s3       a       closed (paused)
    s4       a       was online                          its worker is silent for 1m
    s5       a       was closed                          its worker stopped 1m ago
    s6       a       was online                          its worker is not listed
    s7       a       failed                              of another version
    "
  `)
  expect(renderFleetSessions({ database, sessions: [] })).toBe('no sessions are listed\n')
})
