import { expect, test } from 'vitest'
import { LONGEST_HOLD_MS, holdOf } from '../../../src/store/retry-after.ts'
import { S3Caller, type Call } from '../../../src/store/s3-call.ts'
import type { Exchange } from '../../../src/store/s3-transport.ts'

const NOW = Date.UTC(2026, 0, 1, 12)

test.each([
  [503, '3', 3_000],
  [429, ' 1 ', 1_000],
  [503, '0', 0],
  [503, '3600', LONGEST_HOLD_MS],
  [503, new Date(NOW + 4_000).toUTCString(), 4_000],
  [503, new Date(NOW - 4_000).toUTCString(), 0],
  [503, 'soon', 0],
  [503, '-1', 0],
  [503, undefined, 0],
  [500, '3', 0],
  [403, '3', 0],
  [undefined, '3', 0],
])('%s with Retry-After %s is a wait of %i ms', (status, asked, expected) => {
  const headers = { ...(asked !== undefined && { 'retry-after': asked }) }
  expect(holdOf({ ...(status !== undefined && { status }), headers }, NOW)).toBe(expected)
})

/** A server that gives these answers, one a request, and then 200; its clock stands still but for sleeps. */
function stage(answers: { status: number; 'retry-after'?: string }[]) {
  let time = 0
  const sleeps: number[] = []
  const asked: number[] = []
  const clock = {
    now: () => time,
    sleep: async (ms: number) => {
      sleeps.push(ms)
      time += ms
    },
  }
  const run = async <T>(exchange: Exchange, call: () => Promise<T>): Promise<T> => {
    asked.push(time)
    const answer = answers.shift()
    exchange.sent = true
    exchange.status = answer?.status ?? 200
    if (answer === undefined) return call()
    const { status: _, ...headers } = answer
    exchange.headers = headers
    throw new Error(`HTTP ${answer.status}`)
  }
  const limits = { attempts: 3, baseDelayMs: 100 }
  const place = { endpoint: 'http://s3', bucket: 'b' }
  const caller = new S3Caller({ run }, limits, place, clock)
  const call = (kind: Call<string>['kind'], signal?: AbortSignal) =>
    caller.call({ subject: 'v1/a', signal, kind, request: async () => 'done' })
  return { call, asked, sleeps }
}

test('a server that asks for time gets it before the next try', async () => {
  const { call, asked } = stage([{ status: 503, 'retry-after': '2' }])
  expect(await call('idempotent')).toBe('done')
  expect(asked).toHaveLength(2)
  expect(asked[1]).toBeGreaterThanOrEqual(2_000)
  expect(asked[1]).toBeLessThanOrEqual(2_250)
})

test('without a word the own pauses stay as short as they are', async () => {
  const { call, asked } = stage([{ status: 503 }])
  await call('idempotent')
  expect(asked[1]).toBeLessThanOrEqual(100)
})

test('a conditional write is given back at once, and its repetition waits', async () => {
  const { call, asked, sleeps } = stage([{ status: 429, 'retry-after': '3' }])
  await expect(call('conditional')).rejects.toMatchObject({ code: 'store.unknown-outcome' })
  expect(sleeps).toEqual([])
  await call('conditional')
  expect(asked[1]).toBeGreaterThanOrEqual(3_000)
})

test('what was asked of one call is heeded by all, and once it is over by nobody', async () => {
  const { call, asked } = stage([{ status: 503, 'retry-after': '60' }])
  await expect(call('conditional')).rejects.toMatchObject({ code: 'store.unknown-outcome' })
  await call('idempotent')
  await call('idempotent')
  expect(asked[1]).toBeGreaterThanOrEqual(LONGEST_HOLD_MS)
  expect(asked[2]).toBe(asked[1])
})

test('who gives up while waiting gets his own reason', async () => {
  const { call } = stage([{ status: 503, 'retry-after': '2' }])
  const reason = new Error('no longer wanted')
  await expect(call('idempotent', AbortSignal.abort(reason))).rejects.toBe(reason)
})
