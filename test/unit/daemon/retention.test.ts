import { pino } from 'pino'
import { expect, test } from 'vitest'
import { RetentionRounds } from '../../../src/daemon/retention.ts'
import type { PruneOptions, Replica, SessionPruned } from '../../../src/replica/port.ts'

function rounds(random: () => number, prune: Replica['prune']) {
  const lines: string[] = []
  const local = ['anna', 'ben', 'gone'].map((sessionId) => ({ sessionId }))
  const retention = new RetentionRounds({
    auth: { list: () => local as never },
    replica: { holds: (id) => id !== 'gone', prune },
    logger: pino({ level: 'info' }, { write: (line: string) => lines.push(line) }),
    random,
  })
  return { retention, lines }
}

const PRUNED: SessionPruned = {
  sessionId: 'anna',
  outcome: 'pruned',
  kept: [],
  dropped: [],
  leftovers: 2,
  bytes: 300,
}

test('a round is about what this worker holds, and now and then about all that is stored', async () => {
  const asked: PruneOptions[] = []
  let luck = 0.9
  const { retention, lines } = rounds(
    () => luck,
    async (options, onPruned) => {
      asked.push(options)
      onPruned(PRUNED)
      onPruned({ ...PRUNED, sessionId: 'ben', outcome: 'failed', bytes: 0, detail: 'why' })
    },
  )
  await retention.round()
  luck = 0.1
  await retention.round()
  expect(asked.map(({ sessionIds }) => sessionIds)).toEqual([['anna', 'ben'], undefined])
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { session: 'ben', detail: 'why' },
    { sessions: 1, leftovers: 2, bytes: 300, failed: 1 },
    { session: 'ben' },
    { sessions: 1 },
  ])
})

test('a store that is away ends a round, not the rounds', async () => {
  const { retention, lines } = rounds(
    () => 0.9,
    () => Promise.reject(new Error('away')),
  )
  await retention.round()
  expect(lines).toHaveLength(1)
})

test('stopping ends the wait, and what is under way', async () => {
  const { retention, lines } = rounds(
    () => 0.9,
    (options) => new Promise((_, reject) => options.signal?.addEventListener('abort', reject)),
  )
  retention.start()
  const round = retention.round()
  await retention.stop()
  await round
  expect(lines).toEqual([])
})
