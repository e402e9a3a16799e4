import { beforeEach, describe, expect, it } from 'vitest'
import { AliveBeat } from '../../../src/replica/alive.ts'
import { aliveName } from '../../../src/replica/names.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { SILENCE_TIMING, SilenceWatch, type Silence } from '../../../src/replica/silence.ts'
import { MemoryStore, unavailable } from '../../support/memory-store.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { BOOT } from './fixtures.ts'

let store: MemoryStore
let clock: VirtualClock
let watch: SilenceWatch
let reads: number
const newBeat = () =>
  new AliveBeat({ store, clock, worker: 'w2', boot: () => BOOT, sealer: plainSealer })

beforeEach(() => {
  store = new MemoryStore()
  clock = new VirtualClock()
  watch = new SilenceWatch(store, clock, 'w1')
  reads = 0
  store.onRead = async () => void reads++
})

/** The verdict after `ms`, or undefined while there is none. */
async function after(ms: number, asked: Promise<Silence>): Promise<Silence | undefined> {
  let verdict: Silence | undefined
  const noted = asked.then((silence) => void (verdict = silence))
  await clock.advance(ms)
  if (verdict !== undefined) await noted
  return verdict
}

describe('the silence of a boot', () => {
  it.each([
    ["this worker's name", 'w1', SILENCE_TIMING.own],
    ["another worker's name", 'w2', SILENCE_TIMING.other],
  ])('of %s is believed after its window, not before', async (_, worker, window) => {
    store.store(aliveName(worker, BOOT), Buffer.from('7'))
    const asked = watch.of(worker, BOOT)
    expect(await after(window - 100, asked)).toBeUndefined()
    expect(await after(1_100, asked)).toBe('silent')
  })

  it('is believed where there is no counter at all, after the same wait', async () => {
    const asked = watch.of('w1', BOOT)
    expect(await after(5_900, asked)).toBeUndefined()
    expect(await after(1_100, asked)).toBe('silent')
  })

  it('is no silence as soon as the counter moves', async () => {
    const beat = newBeat()
    await beat.start()
    expect(await after(4_000, watch.of('w2', BOOT))).toBe('alive')
    await beat.stop()
  })

  it('is watched once for all who ask', async () => {
    const asked = Array.from({ length: 50 }, () => watch.of('w1', BOOT))
    await clock.advance(7_000)
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['silent']))
    expect(reads).toBe(7)
  })

  it('is looked at once more, not waited for again, by who asks late', async () => {
    await after(7_000, watch.of('w1', BOOT))
    await clock.advance(60_000)
    reads = 0
    expect(await after(0, watch.of('w1', BOOT))).toBe('silent')
    expect(reads).toBe(1)
    await clock.advance(60_000)
    store.store(aliveName('w1', BOOT), Buffer.from('8'))
    expect(await after(0, watch.of('w1', BOOT))).toBe('alive')
    expect(await after(5_000, watch.of('w1', BOOT))).toBeUndefined()
  })

  it('is not concluded from a store that cannot be read', async () => {
    store.onRead = () => Promise.reject(unavailable())
    await expect(watch.of('w1', BOOT)).rejects.toMatchObject({ code: 'store.unavailable' })
    store.onRead = async () => undefined
    expect(await after(7_000, watch.of('w1', BOOT))).toBe('silent')
  })

  it('is still watched when one who asked gives up', async () => {
    const abort = new AbortController()
    const given = watch.of('w2', BOOT, abort.signal)
    await clock.advance(20_000)
    abort.abort(new Error('timed out'))
    await expect(given).rejects.toThrow('timed out')
    expect(await after(11_000, watch.of('w2', BOOT))).toBe('silent')
  })

  it('ends with the watch', async () => {
    const asked = watch.of('w1', BOOT)
    await clock.advance(10)
    watch.close()
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('the alive counter', () => {
  it('moves every two seconds, and is gone after a stop', async () => {
    const seen = new Set<string>()
    store.onStored = (_, __, bytes) => void seen.add(Buffer.from(bytes).toString('hex'))
    const beat = newBeat()
    await beat.start()
    await clock.advance(10_000)
    expect(seen.size).toBe(6)
    await beat.stop()
    expect(store.names()).toEqual([])
    await clock.advance(10_000)
    expect(seen.size).toBe(6)
  })

  it('starts without the store, says why it is behind, and catches up', async () => {
    const beat = newBeat()
    store.onWrite = () => Promise.reject(unavailable())
    await beat.start()
    expect(beat.failure).toMatchObject({ code: 'store.unavailable' })
    store.onWrite = async (write) => write.apply()
    await clock.advance(2_000)
    expect(beat.failure).toBeUndefined()
    expect(store.names()).toEqual([aliveName('w2', BOOT)])
    await beat.stop()
  })
})
