import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Event } from '../../../src/control/api.ts'
import { SecondSite } from '../../../src/daemon/second-site.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'
import { load } from '../../unit/config/fixture.ts'

type Copied = Event<'backup.copy'>

let dir: string
let site: SecondSite
let ended: [store: string, sessions: number][]
const never = new AbortController().signal

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-second-site-'))
  const { config } = load({ WA_GATEWAY_STATE_DIR: dir })
  const store = new MemoryStore()
  const worker = new TestWorker(store)
  await worker.replica.start()
  for (const id of ['anna', 'ben']) await worker.pair(id)
  const encryption = { sealer: plainSealer, keks: [] }
  site = new SecondSite(() => config, { store, encryption }, never)
  ended = []
  site.onEnd(({ store: to }, { copied }) => ended.push([to, copied]))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const to = (name: string) => ({ store: `folder:${join(dir, name)}`, direction: 'to' as const })

/** Begins a copy without hurry that never has its turn, until it is ended. */
async function waiting(name: string) {
  const begun = Promise.withResolvers<void>()
  const turn = (signal: AbortSignal | undefined) =>
    new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => resolve(), { once: true })
      begun.resolve()
    })
  const events: Copied[] = []
  const caller = { emit: (event: Copied) => events.push(event), signal: never }
  const calm = site.copyCalmly(to(name), caller, { turn, concurrency: 1 })
  await Promise.race([begun.promise, calm])
  return { calm, events }
}

test('a copy that runs by itself makes way for one of something else', async () => {
  const { calm, events } = await waiting('scheduled')
  expect(site.busy).toBe(true)
  await site.copy(to('by-hand'), { emit: () => undefined, signal: never })
  await calm
  expect(ended).toEqual([[to('by-hand').store, 2]])
  expect(events.some(({ type }) => type === 'end')).toBe(false)
  expect(site.busy).toBe(false)
})

test('the same by hand is the one that runs, and goes on when the hand is gone', async () => {
  const { calm } = await waiting('scheduled')
  const gone = new AbortController()
  const byHand = site.copy(to('scheduled'), { emit: () => undefined, signal: gone.signal })
  gone.abort()
  await byHand
  expect(site.busy).toBe(true)
  await site.copy(to('other'), { emit: () => undefined, signal: never })
  await calm
})

test('without hurry is refused while another one runs by hand', async () => {
  const hand = new AbortController()
  const byHand = site.copy(to('by-hand'), { emit: () => undefined, signal: hand.signal })
  const caller = { emit: () => undefined, signal: never }
  await expect(site.copyCalmly(to('scheduled'), caller, {})).rejects.toMatchObject({
    code: 'session.busy',
  })
  await byHand
  expect(ended).toEqual([[to('by-hand').store, 2]])
})
