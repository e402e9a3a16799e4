import { beforeEach, describe, expect, it } from 'vitest'
import { conditionalWrite, SWAP_TIMING, type SwapRequest } from '../../../src/replica/swap.ts'
import { MemoryStore, unavailable, unknownOutcome } from '../../support/memory-store.ts'
import type { MemoryWrite } from '../../support/memory-store.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'

const MINE = Buffer.from('mine')
const THEIRS = Buffer.from('theirs')
let store: MemoryStore
let clock: VirtualClock
let attempts: MemoryWrite[]

beforeEach(() => {
  store = new MemoryStore()
  clock = new VirtualClock()
  attempts = []
})

/** Answers the attempts one after another; after the last as a sound store would. */
function answer(...replies: ((write: MemoryWrite) => void)[]): void {
  store.onWrite = async (write) => {
    attempts.push(write)
    const reply = replies.shift()
    if (reply !== undefined) {
      reply(write)
      throw unknownOutcome(write.name)
    }
    return write.apply()
  }
}

async function write(more: Partial<SwapRequest> = {}) {
  const writing = conditionalWrite(store, clock, SWAP_TIMING, {
    name: 'o',
    bytes: MINE,
    etag: undefined,
    isOwn: (bytes) => Buffer.compare(bytes, MINE) === 0,
    ...more,
  })
  const settled = writing.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  await clock.advance(120_000)
  const result = await settled
  if ('error' in result) throw result.error
  return result.value
}

const applied = (w: MemoryWrite): void => void w.apply()
const dropped = (): void => undefined

describe('a conditional write', () => {
  it('is one request where all is well', async () => {
    answer()
    expect(await write()).toEqual({ kind: 'stored', etag: 'e1' })
    expect(attempts).toHaveLength(1)
  })

  it('is repeated with the same bytes until it is definite', async () => {
    answer(dropped, dropped, dropped)
    expect(await write()).toMatchObject({ kind: 'stored' })
    expect(attempts.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual(
      Array.from({ length: 4 }, () => 'mine'),
    )
  })

  it('knows its own echo: the reply was lost, the repetition conflicts', async () => {
    answer(applied)
    expect(await write()).toEqual({ kind: 'stored', etag: 'e1' })
    const etag = store.objects.get('o')?.etag ?? ''
    answer(applied)
    expect(await write({ etag })).toEqual({ kind: 'stored', etag: 'e2' })
  })

  it('is lost where another write came first', async () => {
    store.store('o', THEIRS)
    answer()
    expect(await write()).toMatchObject({ kind: 'lost', current: { etag: 'e1' } })
  })

  it('is lost where another write came between its attempts', async () => {
    answer(() => void store.store('o', THEIRS))
    expect(await write()).toMatchObject({ kind: 'lost', current: { etag: 'e1' } })
  })

  it('is lost where the object it would replace is gone', async () => {
    answer()
    expect(await write({ etag: 'e9' })).toEqual({ kind: 'lost', current: undefined })
  })

  it('reads back again when the read fails', async () => {
    answer(applied)
    const failures = [unavailable(), unavailable()]
    store.onRead = async () => {
      const failure = failures.pop()
      if (failure !== undefined) throw failure
    }
    expect(await write()).toEqual({ kind: 'stored', etag: 'e1' })
    expect(failures).toEqual([])
  })

  it('throws a failure that had no effect at once', async () => {
    store.onWrite = () => Promise.reject(unavailable())
    await expect(write()).rejects.toMatchObject({ code: 'store.unavailable' })
  })

  it('stays unknown when the store goes away after an unknown outcome, until the deadline', async () => {
    let calls = 0
    store.onWrite = ({ name }) =>
      Promise.reject(++calls === 1 ? unknownOutcome(name) : unavailable())
    await expect(write()).rejects.toMatchObject({ code: 'store.unknown-outcome', subject: 'o' })
    expect(calls).toBeGreaterThan(5)
  })

  it('gives up as unknown when aborted', async () => {
    const abort = new AbortController()
    answer(() => abort.abort())
    await expect(write({ signal: abort.signal })).rejects.toMatchObject({
      code: 'store.unknown-outcome',
    })
    expect(attempts).toHaveLength(1)
  })

  it('passes damage on as it is', async () => {
    store.store('o', THEIRS)
    answer()
    const broken = (): boolean => {
      throw new TypeError('damaged')
    }
    await expect(write({ isOwn: broken })).rejects.toThrow('damaged')
  })
})
