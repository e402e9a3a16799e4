import { pino } from 'pino'
import { expect, test } from 'vitest'
import { OwnerWatch } from '../../../src/daemon/owner-watch.ts'
import type { SessionRecord } from '../../../src/registry/port.ts'
import type { CauseId } from '../../../src/session/cause.ts'
import type { Holding } from '../../../src/session/hand-over.ts'
import { newLife, type Doing } from '../../../src/session/life.ts'

interface Other {
  doing?: Doing
  cause?: CauseId
  desired?: SessionRecord['desired']
  assignedBy?: SessionRecord['assignedBy']
}

function world(ids: readonly string[], others: Readonly<Record<string, Other>> = {}) {
  const asked: string[] = []
  const tried: (readonly string[])[] = []
  const records = new Map<string, Holding>(ids.map((id) => [id, { epoch: 1, released: false }]))
  const clock = { ms: 0 }
  const store = { healthy: true, throws: false }
  const runners = [...ids, ...Object.keys(others)].map((id) => {
    const { doing = { kind: 'resting', retryAt: 120_000 }, cause = 'owned-elsewhere' } =
      others[id] ?? {}
    return { id, cause, life: { ...newLife(0), doing } }
  })
  const watch = new OwnerWatch({
    roster: {
      all: () => runners,
      record: (id) => ({ desired: 'running', assignedBy: 'backend', ...others[id] }),
    },
    replica: {
      owner: async (id) => {
        asked.push(id)
        if (store.throws) throw new Error('away')
        return records.get(id)
      },
    },
    storeHealthy: () => store.healthy,
    tryAgain: async (some) => void tried.push(some),
    logger: pino({ enabled: false }),
    now: () => clock.ms,
    random: () => 0.5,
  })
  const turns = async (count: number) => {
    for (let n = 0; n < count; n++, clock.ms += 100) await watch.turn()
  }
  const release = (id: string) => records.set(id, { epoch: 1, released: true })
  return { asked, tried, store, turns, release }
}

test('a session is tried at once when its owner released it, and once for that', async () => {
  const { tried, turns, release } = world(['anna', 'ben'])
  await turns(20)
  expect(tried).toEqual([])
  release('ben')
  await turns(31)
  expect(tried).toEqual([['ben']])
  await turns(300)
  expect(tried).toEqual([['ben']])
})

test('thousands that wait share ten requests a second, in turn, and are tried together', async () => {
  const ids = Array.from({ length: 2_000 }, (_, n) => `session-${n}`)
  const { asked, tried, turns, release } = world(ids)
  await turns(50)
  expect(asked).toEqual(ids.slice(0, 50))
  for (const id of ids) release(id)
  await turns(50)
  expect(asked).toEqual(ids.slice(0, 100))
  expect(tried.flat().length).toBeGreaterThan(30)
  expect(tried.length).toBeLessThanOrEqual(5)
})

test('only those that wait for another worker, are to run and are assigned are looked at', async () => {
  const { asked, turns } = world(['waits'], {
    paused: { desired: 'paused' },
    'assigned by nobody': { assignedBy: 'local' },
    'in trouble': { cause: 'store-unavailable' },
    online: { doing: { kind: 'online', since: 0 } },
    tried: { doing: { kind: 'resting' } },
  })
  await turns(100)
  expect(new Set(asked)).toEqual(new Set(['waits']))
})

test('a store that is away is not asked, and one that fails ends nothing', async () => {
  const { asked, tried, store, turns, release } = world(['anna'])
  store.healthy = false
  release('anna')
  await turns(50)
  expect(asked).toEqual([])
  Object.assign(store, { healthy: true, throws: true })
  await turns(50)
  expect(asked.length).toBeGreaterThan(0)
  expect(tried).toEqual([])
  store.throws = false
  await turns(50)
  expect(tried).toEqual([['anna']])
})
