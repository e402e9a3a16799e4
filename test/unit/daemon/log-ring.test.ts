import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from '../../../src/daemon/log.ts'
import { LogRing, type LogLine } from '../../../src/daemon/log-ring.ts'

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })
const logged = (level = 'trace', secrets: string[] = []) => {
  const ring = new LogRing()
  return { ring, log: createLogger(level, nowhere(), secrets, ring) }
}
const messages = (lines: LogLine[]) => lines.map(({ message }) => message)

test('lines are kept as they were logged, without secrets', () => {
  const { ring, log } = logged('info', ['hunter22'])
  const err = new Error('refused hunter22', { cause: new Error('the disk is full') })
  log.child({ session: 'anna' }).error({ err, tried: 2, token: 'abc' }, 'hunter22 failed')
  log.debug('not at this level')
  expect(ring.recent(10)).toEqual([
    {
      type: 'line',
      at: expect.any(Number) as number,
      level: 'error',
      message: '[hidden] failed',
      session: 'anna',
      error: 'refused [hidden]: the disk is full',
      fields: { tried: 2, token: '[hidden]' },
    },
  ])
})

test('the newest are given, by level and session', () => {
  const { ring, log } = logged()
  log.info('one')
  log.warn({ session: 'anna' }, 'two')
  log.fatal({ session: 'ben' }, 'three')
  expect(messages(ring.recent(2))).toEqual(['two', 'three'])
  expect(messages(ring.recent(9, { level: 'warn' }))).toEqual(['two', 'three'])
  expect(messages(ring.recent(9, { session: 'anna' }))).toEqual(['two'])
  expect(ring.recent(0)).toEqual([])
})

test('it is bounded in lines and in characters', () => {
  const { ring, log } = logged()
  for (let n = 0; n < 6_000; n++) log.info(`${n}`)
  expect(ring.recent(10_000)).toHaveLength(5_000)
  expect(messages(ring.recent(1))).toEqual(['5999'])
  for (let n = 0; n < 100; n++) log.info('long '.repeat(2_000))
  const kept = ring.recent(10_000)
  expect(kept.length).toBeLessThan(50)
  expect(kept.length).toBeGreaterThan(20)
})

test('who listens hears of new lines until it leaves', () => {
  const { ring, log } = logged()
  const heard: LogLine[] = []
  const leave = ring.on({ level: 'info' }, (line) => heard.push(line))
  log.debug('too quiet')
  log.info('hello')
  leave()
  log.info('later')
  expect(messages(heard)).toEqual(['hello'])
})
