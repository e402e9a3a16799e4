import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CopySchedule } from '../../../src/daemon/copy-schedule.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import type { SiteCopy } from '../../../src/whatsapp/ports.ts'

const HOUR = 3_600_000
const STORE = 's3://copy'
const SUMMARY = { sessions: 2, bytes: 900 }
let now: number
let instants: Map<string, number>
let runs: SiteCopy[]
let begun: number
let away: string | undefined
let copy: (signal: AbortSignal) => Promise<void>
let schedule: CopySchedule

function create(store = STORE): CopySchedule {
  return new CopySchedule(store, HOUR, {
    copy: async ({ signal }) => {
      begun++
      await copy(signal)
    },
    instants: {
      read: async (name) => instants.get(name),
      write: async (name, value) => void instants.set(name, value),
    },
    waiting: () => away,
    told: (run) => runs.push(run),
    logger: pino({ level: 'silent' }),
    now: () => now,
  })
}

beforeEach(() => {
  now = 1_700_000_000_000
  instants = new Map()
  runs = []
  begun = 0
  away = undefined
  copy = () => schedule.noted({ ...SUMMARY, at: now }, undefined)
  schedule = create()
})

afterEach(() => schedule.stop())

test('copies at once, and then once in an interval', async () => {
  for (let n = 0; n < 12; n++) {
    await schedule.look()
    now += HOUR / 4
  }
  expect(begun).toBe(3)
  expect(runs.map(({ outcome }) => outcome)).toEqual(['complete', 'complete', 'complete'])
})

test('another interval counts from the last copy on', async () => {
  await schedule.look()
  now += HOUR / 4
  await schedule.look()
  expect(begun).toBe(1)
  schedule.every(HOUR / 4)
  expect(schedule.view().intervalMs).toBe(HOUR / 4)
  await schedule.look()
  expect(begun).toBe(2)
})

test('knows after a restart when the last complete one was, of the same store', async () => {
  await schedule.look()
  const { completeAt } = schedule.view()
  now += HOUR / 2
  schedule = create()
  await schedule.load()
  expect(schedule.view()).toMatchObject({ completeAt, nextAt: now + HOUR / 2 })
  await schedule.look()
  expect(begun).toBe(1)
  schedule = create('folder:/elsewhere')
  await schedule.load()
  expect(schedule.view()).not.toHaveProperty('completeAt')
})

test('a store that fails is tried ever more seldom, and the age goes on', async () => {
  await schedule.look()
  const { completeAt } = schedule.view()
  now += HOUR
  copy = () =>
    Promise.reject(new GatewayError({ code: 'store.unavailable', message: 'no answer from there' }))
  for (let n = 0; n < 60; n++) {
    await schedule.look()
    now += 60_000
  }
  // After 0, 1, 3, 7, 15 and 31 minutes.
  expect(begun).toBe(7)
  expect(schedule.view()).toMatchObject({
    completeAt,
    trouble: { outcome: 'failed', detail: 'no answer from there' },
  })
  copy = () => schedule.noted({ ...SUMMARY, at: now }, undefined)
  now += HOUR
  await schedule.look()
  expect(schedule.view()).not.toHaveProperty('trouble')
  expect(runs.at(-1)).toMatchObject({ outcome: 'complete', sessions: 2, bytes: 900 })
})

test('what leaves sessions out is no complete copy, and comes again in its turn', async () => {
  copy = () => schedule.noted({ ...SUMMARY, at: now }, 'anna: it is damaged')
  await schedule.look()
  now += HOUR / 2
  await schedule.look()
  expect(begun).toBe(1)
  expect(schedule.view()).toMatchObject({
    trouble: { outcome: 'incomplete', detail: 'anna: it is damaged' },
  })
  expect(schedule.view()).not.toHaveProperty('completeAt')
  expect(instants.size).toBe(0)
})

test('one that made way for another is no failure, and comes soon', async () => {
  copy = async () => undefined
  await schedule.look()
  copy = () => Promise.reject(new GatewayError({ code: 'session.busy', message: 'another runs' }))
  await schedule.look()
  expect(runs).toEqual([])
  expect(schedule.view()).toMatchObject({ nextAt: now })
})

test('waits, and says for what', async () => {
  away = 'sessions are being recovered'
  await schedule.look()
  expect(begun).toBe(0)
  expect(schedule.view()).toMatchObject({ waiting: away })
})

test('is never begun twice, and a stop ends what is under way', async () => {
  copy = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    })
  const looking = schedule.look()
  await schedule.look()
  await expect.poll(() => begun).toBe(1)
  expect(schedule.view()).toMatchObject({ running: { done: 0 } })
  await schedule.stop()
  await looking
  expect(begun).toBe(1)
  expect(runs).toEqual([])
})
