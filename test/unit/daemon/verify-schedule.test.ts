import { afterEach, beforeEach, expect, test } from 'vitest'
import pino from 'pino'
import { VerifySchedule } from '../../../src/daemon/verify-schedule.ts'
import type { PartCheck, SessionCheck, VerifyOptions } from '../../../src/replica/verify/port.ts'
import type { Verifications, VerifiedSession } from '../../../src/registry/port.ts'

const DAY = 86_400_000
let now: number
let rows: VerifiedSession[]
let asked: VerifyOptions[]
let found: (SessionCheck | PartCheck)[]
let damaged: string[]
let away: string | undefined
let schedule: VerifySchedule

const verifications: Pick<Verifications, 'record' | 'sessions' | 'forget'> = {
  record: async (row) => {
    rows = [...rows.filter(({ session }) => session !== row.session), row]
  },
  sessions: async () => rows,
  forget: async () => undefined,
}

function create(sessions: string[]): VerifySchedule {
  return new VerifySchedule(
    {
      replica: {
        verify: async (options, onChecked) => {
          asked.push(options)
          for (const sessionId of options.sessionIds ?? []) {
            const outcome = damaged.includes(sessionId) ? 'damaged' : 'sound'
            onChecked({
              kind: 'session',
              sessionId,
              outcome,
              backups: 1,
              slots: 0,
              read: [{ id: '1-2', sound: outcome === 'sound' }],
              findings: [],
            })
          }
        },
      },
      verifications: verifications as Verifications,
      sessions: () => sessions,
      worker: 'w1',
      waiting: () => away,
      found: (check) => found.push(check),
      logger: pino({ level: 'silent' }),
      now: () => now,
    },
    7 * DAY,
  )
}

beforeEach(() => {
  now = 1_700_000_000_000
  rows = []
  asked = []
  found = []
  damaged = []
  away = undefined
})

afterEach(() => schedule.stop())

const read = () => asked.flatMap(({ sessionIds = [] }) => sessionIds)

async function live(days: number): Promise<void> {
  for (const end = now + days * DAY; now < end; now += DAY / 96) await schedule.look()
}

test('everything is read once in the interval, and the log of the worker in parts', async () => {
  schedule = create(['anna', 'ben', 'carl'])
  await live(7)
  expect(new Set(read())).toEqual(new Set(['anna', 'ben', 'carl']))
  expect(schedule.view()).toMatchObject({ sessions: 3, verified: 3, damaged: [] })
  const logs = asked.flatMap(({ workers, readData }) => (workers ? [readData] : []))
  const covered = new Set(logs.map((part) => (typeof part === 'object' ? part.from : -1)))
  expect(covered.size).toBe(64)
})

test('a restart goes on with the one that was read longest ago', async () => {
  rows = [
    { session: 'ben', at: now - 6 * DAY, outcome: 'sound' },
    { session: 'anna', at: now - 3 * DAY, outcome: 'sound' },
  ]
  schedule = create(['anna', 'ben'])
  await live(4)
  expect(read()[0]).toBe('ben')
  expect(schedule.view().oldestAt).toBeGreaterThanOrEqual(1_700_000_000_000 - 3 * DAY)
})

test('another interval counts from the next look on', async () => {
  schedule = create(['anna'])
  await live(1)
  const before = read().length
  schedule.every(DAY / 4)
  expect(schedule.view().intervalMs).toBe(DAY / 4)
  await live(1)
  expect(read().length - before).toBeGreaterThanOrEqual(3)
})

test('nothing is read while it has to wait, and why is shown', async () => {
  away = 'the object store is away'
  schedule = create(['anna'])
  await live(1)
  expect(asked).toEqual([])
  expect(schedule.view()).toMatchObject({ verified: 0, waiting: away })
  away = undefined
  await live(1)
  expect(read()).toContain('anna')
})

test('damage is told, and shown until it is found sound', async () => {
  damaged = ['ben']
  schedule = create(['anna', 'ben'])
  await live(7)
  expect(found.length).toBeGreaterThan(0)
  expect(schedule.view().damaged).toEqual(['ben'])
  schedule.noted({ sessionId: 'ben', outcome: 'sound' })
  expect(schedule.view().damaged).toEqual([])
})
