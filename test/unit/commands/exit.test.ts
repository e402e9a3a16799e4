import { expect, test } from 'vitest'
import { renderError } from '../../../commands/render/error.ts'
import { exitOfRecovery, exitOfStored, exitOfVerified } from '../../../commands/shared/exit.ts'
import { targetsOf } from '../../../commands/shared/targets.ts'
import type { CauseId } from '../../../src/session/cause.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'

const result = (outcome: RecoveryResult['outcome'], cause?: CauseId): RecoveryResult => ({
  sessionId: 'x',
  outcome,
  ...(cause && { cause }),
  attempts: 1,
  durations: { total: 1 },
})

test.each<[string, RecoveryResult[], number]>([
  ['nothing to do', [], 0],
  ['all recovered', [result('recovered')], 0],
  ['skipped is no failure', [result('skipped', 'paused'), result('recovered')], 0],
  ['some failed', [result('recovered'), result('failed', 'logged-out')], 3],
  ['some failed, the rest skipped', [result('skipped'), result('failed', 'timeout')], 3],
  ['one that needs its phone', [result('failed', 'logged-out')], 10],
  ['one owned elsewhere', [result('failed', 'owned-elsewhere')], 9],
  ['all left to others', [result('skipped', 'owned-elsewhere')], 9],
  ['some left to others', [result('skipped', 'owned-elsewhere'), result('recovered')], 0],
  ['damaged', [result('failed', 'damaged')], 11],
  ['stale', [result('failed', 'stale')], 12],
  ['too slow', [result('failed', 'timeout')], 7],
  ['all for one reason', [result('failed', 'no-state'), result('failed', 'logged-out')], 10],
  ['all for several', [result('failed', 'timeout'), result('failed', 'logged-out')], 1],
  ['without a cause', [result('failed')], 1],
])('recovery, %s', (_, results, status) => expect(exitOfRecovery(results)).toBe(status))

test('storing: all, some, none', () => {
  const of = (...stored: boolean[]) => exitOfStored(stored.map((s) => ({ stored: s })))
  expect([of(), of(true), of(true, false), of(false, false)]).toEqual([0, 0, 3, 1])
})

test('an error says what happened, why, and what to try', () => {
  const socket = Object.assign(new Error(''), { code: 'ECONNRESET' })
  const middle = new Error('the store broke off', { cause: socket })
  const error = new GatewayError({
    code: 'store.unavailable',
    message: 'anna could not be stored',
    hint: 'check the store',
    cause: middle,
  })
  expect(renderError(error)).toBe(
    'error: anna could not be stored\nbecause: the store broke off\nbecause: ECONNRESET\ntry: check the store\n',
  )
})

test('a cause that repeats the message is not told twice', () => {
  const error = new GatewayError({ code: 'internal', message: 'boom', cause: new Error('boom') })
  expect(renderError(error)).toBe('error: boom\n')
})

test('targets: one of the two', () => {
  expect(targetsOf({ session: ['a', 'b'] })).toEqual({ sessions: ['a', 'b'] })
  expect(targetsOf({ all: true })).toEqual({ all: true })
  for (const wrong of [{}, { session: ['a'], all: true }])
    expect(() => targetsOf(wrong)).toThrow(GatewayError)
})

test.each([
  ['nothing wrong', { damaged: 0, unread: 0 }, 0],
  ['damage', { damaged: 1, unread: 0 }, 11],
  ['damage, and some not read', { damaged: 1, unread: 2 }, 11],
  ['some not read', { damaged: 0, unread: 2 }, 3],
  ['none read', { damaged: 0, unread: 4 }, 1],
])('verified, %s', (_, counts, status) => {
  expect(exitOfVerified({ sessions: 3, parts: 1, ...counts })).toBe(status)
})
