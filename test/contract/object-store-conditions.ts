import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { GatewayError } from '../../src/session/errors.ts'
import type { ObjectStore, PutOutcome } from '../../src/store/port.ts'
import { probeConditionalWrites } from '../../src/store/probe.ts'
import { collect } from '../support/collect.ts'
import { bytes, read } from './object-store-text.ts'

/** Conditional writes, alone and in races. */
export function testConditions(current: () => ObjectStore): void {
  test('creates only where nothing is', async () => {
    const first = await current().putIfAbsent('v1/absent', bytes('first'))
    expect(first.kind).toBe('stored')
    expect(await current().putIfAbsent('v1/absent', bytes('second'))).toEqual({ kind: 'conflict' })
    const object = await current().get('v1/absent')
    expect(first).toEqual({ kind: 'stored', etag: object?.etag })
    expect(await read(current(), 'v1/absent')).toBe('first')
  })

  test('swaps only the version it was told', async () => {
    const first = await current().put('v1/cas', bytes('1'))
    const second = await current().compareAndSwap('v1/cas', bytes('2'), first.etag)
    expect(second).toEqual({ kind: 'stored', etag: (await current().get('v1/cas'))?.etag })
    expect(await current().compareAndSwap('v1/cas', bytes('3'), first.etag)).toEqual({
      kind: 'conflict',
    })
    expect(await read(current(), 'v1/cas')).toBe('2')
  })

  test('swaps nothing where nothing is', async () => {
    const { etag } = await current().put('v1/other', bytes('other'))
    const outcome = await current().compareAndSwap('v1/missing', bytes('x'), etag)
    expect(outcome).toEqual({ kind: 'conflict' })
    expect(await current().get('v1/missing')).toBeUndefined()
  })

  /** A loser may be left in doubt by the store; it repeats the identical write, as the port says. */
  async function definite(write: () => Promise<PutOutcome>): Promise<PutOutcome> {
    for (;;) {
      try {
        return await write()
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'store.unknown-outcome') throw error
        await sleep(10)
      }
    }
  }

  test('20 creators of one name: one wins', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        definite(() => current().putIfAbsent('v1/race/create', bytes(`racer ${index}`))),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
    const winner = outcomes.findIndex(({ kind }) => kind === 'stored')
    expect(await read(current(), 'v1/race/create')).toBe(`racer ${winner}`)
  })

  test('20 swappers of one version: one wins', async () => {
    const { etag } = await current().put('v1/race/swap', bytes('start'))
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        definite(() => current().compareAndSwap('v1/race/swap', bytes(`racer ${index}`), etag)),
      ),
    )
    expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
    const winner = outcomes.findIndex(({ kind }) => kind === 'stored')
    expect(await read(current(), 'v1/race/swap')).toBe(`racer ${winner}`)
  })

  test('every increment by swapping counts', async () => {
    await current().put('v1/counter', bytes('0'))
    const increment = async (): Promise<void> => {
      for (;;) {
        const object = await current().get('v1/counter')
        const next = Number(new TextDecoder().decode(object?.bytes)) + 1
        const outcome = await definite(() =>
          current().compareAndSwap('v1/counter', bytes(String(next)), object?.etag ?? ''),
        )
        if (outcome.kind === 'stored') return
      }
    }
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        for (let turn = 0; turn < 4; turn += 1) await increment()
      }),
    )
    expect(await read(current(), 'v1/counter')).toBe('20')
  })

  test('passes the probe of conditional writes, which leaves nothing behind', async () => {
    expect(await probeConditionalWrites(current())).toEqual({
      createsWhereAbsent: true,
      rejectsCreateWhereExists: true,
      swapsCurrent: true,
      rejectsSwapOfStale: true,
    })
    expect(await collect(current().list('v1/probe/'))).toEqual([])
  })
}
