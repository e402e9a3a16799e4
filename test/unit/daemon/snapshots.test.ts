import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { LocalSession } from '../../../src/authstate/port.ts'
import type { BackupInfo, Tidied } from '../../../src/replica/port.ts'
import { SnapshotSchedule } from '../../../src/daemon/snapshots.ts'
import { eventually } from '../../support/gateway.ts'

const LOCAL: LocalSession = {
  sessionId: 'a',
  seq: 3,
  hash: '',
  tags: [],
  changedAt: 1_000,
  storedSeq: 3,
  confirmedEpoch: 1,
  paired: true,
  keys: 1,
  backlogBytes: 0,
}

const BACKUP: Omit<BackupInfo, 'sessionId' | 'trigger'> = {
  id: '1-3',
  epoch: 1,
  seq: 3,
  hash: '',
  changedAt: 1_000,
  createdAt: 0,
  size: 0,
  keys: 1,
  newest: true,
}

function schedule(
  tidy: (sessionId: string, signal?: AbortSignal) => Promise<Tidied>,
  renew: (sessionId: string) => void = () => undefined,
) {
  const list = [
    LOCAL,
    { ...LOCAL, sessionId: 'b' },
    { ...LOCAL, sessionId: 'unpaired', paired: false },
    { ...LOCAL, sessionId: 'foreign' },
  ]
  return new SnapshotSchedule(
    {
      auth: { list: () => list },
      replica: {
        holds: (sessionId) => sessionId !== 'foreign',
        tidy: (sessionId, { signal }) => tidy(sessionId, signal),
        fold: async (sessionId, trigger) => {
          renew(sessionId)
          return { ...BACKUP, sessionId, trigger }
        },
      },
      logger: pino({ level: 'silent' }),
    },
    10,
  )
}

test('every paired session that is held is looked at, and one failure stops no other', async () => {
  const seen: string[] = []
  const snapshots = schedule(async (sessionId) => {
    seen.push(sessionId)
    if (sessionId === 'a') throw new Error('the store is away')
    return 'not-due'
  })
  snapshots.look()
  await snapshots.stop()
  expect(seen).toEqual(['a', 'b'])
})

test('it looks again and again, never twice at once, and gives up at the stop', async () => {
  let [rounds, under, most] = [0, 0, 0]
  const snapshots = schedule(async (_, signal) => {
    rounds += 1
    most = Math.max(most, ++under)
    if (rounds > 6)
      await new Promise((_resolve, reject) => signal?.addEventListener('abort', reject))
    under -= 1
    return 'folded'
  })
  snapshots.start()
  await eventually('a look that hangs', () => (under === 2 ? true : undefined))
  await snapshots.stop()
  expect(most).toBe(2)
})

test('renewing stores every held session anew, and one failure stops no other', async () => {
  const renewed: string[] = []
  const snapshots = schedule(
    async () => 'not-due',
    (sessionId) => {
      renewed.push(sessionId)
      if (sessionId === 'a') throw new Error('the store is away')
    },
  )
  await snapshots.renewAll()
  expect(renewed).toEqual(['a', 'b'])
  await snapshots.stop()
  await snapshots.renewAll()
  expect(renewed).toEqual(['a', 'b'])
})
