import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ObjectStore, PutOutcome } from '../../src/store/port.ts'
import { probeConditionalWrites } from '../../src/store/probe.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { collect } from '../support/collect.ts'

export interface StoreUnderTest {
  store: ObjectStore
  close(): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function read(store: ObjectStore, name: string): Promise<string | undefined> {
  const object = await store.get(name)
  return object && new TextDecoder().decode(object.bytes)
}

/** What every adapter of the ObjectStore port does. `make` gives an empty store. */
export function objectStoreContract(adapter: string, make: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${adapter}`, () => {
    let subject: StoreUnderTest
    let store: ObjectStore
    beforeAll(async () => {
      subject = await make()
      store = subject.store
    })
    afterAll(() => subject.close())

    test('gives back what was put, and the newest of it', async () => {
      const first = await store.put('v1/plain', bytes('one'))
      expect(await store.get('v1/plain')).toEqual({ bytes: bytes('one'), etag: first.etag })
      const second = await store.put('v1/plain', bytes('two'))
      expect(second.etag).not.toBe(first.etag)
      expect(await store.get('v1/plain')).toEqual({ bytes: bytes('two'), etag: second.etag })
    })

    test('has nothing under a name that was never written', async () => {
      expect(await store.get('v1/never')).toBeUndefined()
      expect(await store.get('v1/plain/below')).toBeUndefined()
    })

    test('holds an object and others below its name', async () => {
      await store.put('v1/both', bytes('itself'))
      await store.put('v1/both/below', bytes('below'))
      expect([await read(store, 'v1/both'), await read(store, 'v1/both/below')]).toEqual([
        'itself',
        'below',
      ])
    })

    test.each([0, 1, 2048, 5 * 1024 * 1024])('holds %i bytes', async (size) => {
      const body = new Uint8Array(size).map((_, index) => (index * 31) % 251)
      const { etag } = await store.put(`v1/size/${size}`, body)
      const object = await store.get(`v1/size/${size}`)
      expect(object?.etag).toBe(etag)
      expect(Buffer.compare(object?.bytes ?? Buffer.from('none'), body)).toBe(0)
    })

    test('takes bytes that are part of a larger buffer', async () => {
      await store.put('v1/view', Buffer.from('xxpartxx').subarray(2, 6))
      expect(await read(store, 'v1/view')).toBe('part')
    })

    const oddNames = [
      '00012',
      '1e5',
      'true',
      'a+b',
      '+',
      '-',
      '_',
      '...',
      '.hidden',
      'x@y.z',
      'UPPER/lower',
      '5511999999999@s.whatsapp.net',
      `long/${'n'.repeat(200)}`,
      Array.from({ length: 9 }, () => 'p'.repeat(99)).join('/'),
    ]
    test('takes odd but allowed names, and lists them as they are', async () => {
      for (const name of oddNames) await store.put(`odd/${name}`.slice(0, 900), bytes(name))
      const top = oddNames.slice(0, 3)
      for (const name of top) await store.put(name, bytes(name))
      const listed = (await collect(store.list(''))).map(({ name }) => name)
      expect(listed).toEqual(
        expect.arrayContaining([...oddNames.map((name) => `odd/${name}`.slice(0, 900)), ...top]),
      )
      for (const name of oddNames) {
        expect(await read(store, `odd/${name}`.slice(0, 900))).toBe(name)
      }
    })

    const badNames = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/../b',
      '../../etc/passwd',
      'a/.',
      'a b',
      'a\\b',
      'a\0b',
      'a=b',
      'a%2fb',
      'ü',
      'a\nb',
      'n'.repeat(201),
      `${'p'.repeat(99)}/`.repeat(9) + 'x',
    ]
    test.each(badNames)('refuses the name %j everywhere', async (name) => {
      const refusal = expect.objectContaining({ code: 'store.bad-name' })
      await expect(async () => store.get(name)).rejects.toEqual(refusal)
      await expect(async () => store.put(name, bytes('x'))).rejects.toEqual(refusal)
      await expect(async () => store.putIfAbsent(name, bytes('x'))).rejects.toEqual(refusal)
      await expect(async () => store.compareAndSwap(name, bytes('x'), 'e')).rejects.toEqual(refusal)
      await expect(async () => store.remove(name)).rejects.toEqual(refusal)
    })

    test.each(['/', 'a//', '../', 'a/../', '/a', 'a b'])(
      'refuses the prefix %j',
      async (prefix) => {
        const refusal = expect.objectContaining({ code: 'store.bad-name' })
        await expect(async () => collect(store.list(prefix))).rejects.toEqual(refusal)
        await expect(async () => collect(store.listParts(prefix))).rejects.toEqual(refusal)
      },
    )

    test('creates only where nothing is', async () => {
      const first = await store.putIfAbsent('v1/absent', bytes('first'))
      expect(first.kind).toBe('stored')
      expect(await store.putIfAbsent('v1/absent', bytes('second'))).toEqual({ kind: 'conflict' })
      const object = await store.get('v1/absent')
      expect(first).toEqual({ kind: 'stored', etag: object?.etag })
      expect(await read(store, 'v1/absent')).toBe('first')
    })

    test('swaps only the version it was told', async () => {
      const first = await store.put('v1/cas', bytes('1'))
      const second = await store.compareAndSwap('v1/cas', bytes('2'), first.etag)
      expect(second).toEqual({ kind: 'stored', etag: (await store.get('v1/cas'))?.etag })
      expect(await store.compareAndSwap('v1/cas', bytes('3'), first.etag)).toEqual({
        kind: 'conflict',
      })
      expect(await read(store, 'v1/cas')).toBe('2')
    })

    test('swaps nothing where nothing is', async () => {
      const { etag } = await store.put('v1/other', bytes('other'))
      const outcome = await store.compareAndSwap('v1/missing', bytes('x'), etag)
      expect(outcome).toEqual({ kind: 'conflict' })
      expect(await store.get('v1/missing')).toBeUndefined()
    })

    /** A loser may be left in doubt by the store; it repeats the identical write, as the port says. */
    async function definite(write: () => Promise<PutOutcome>): Promise<PutOutcome> {
      for (;;) {
        try {
          return await write()
        } catch (error) {
          if (!(error instanceof GatewayError) || error.code !== 'store.unknown-outcome')
            throw error
          await sleep(10)
        }
      }
    }

    test('20 creators of one name: one wins', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          definite(() => store.putIfAbsent('v1/race/create', bytes(`racer ${index}`))),
        ),
      )
      expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
      const winner = outcomes.findIndex(({ kind }) => kind === 'stored')
      expect(await read(store, 'v1/race/create')).toBe(`racer ${winner}`)
    })

    test('20 swappers of one version: one wins', async () => {
      const { etag } = await store.put('v1/race/swap', bytes('start'))
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          definite(() => store.compareAndSwap('v1/race/swap', bytes(`racer ${index}`), etag)),
        ),
      )
      expect(outcomes.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
      const winner = outcomes.findIndex(({ kind }) => kind === 'stored')
      expect(await read(store, 'v1/race/swap')).toBe(`racer ${winner}`)
    })

    test('every increment by swapping counts', async () => {
      await store.put('v1/counter', bytes('0'))
      const increment = async (): Promise<void> => {
        for (;;) {
          const object = await store.get('v1/counter')
          const next = Number(new TextDecoder().decode(object?.bytes)) + 1
          const outcome = await definite(() =>
            store.compareAndSwap('v1/counter', bytes(String(next)), object?.etag ?? ''),
          )
          if (outcome.kind === 'stored') return
        }
      }
      await Promise.all(
        Array.from({ length: 5 }, async () => {
          for (let turn = 0; turn < 4; turn += 1) await increment()
        }),
      )
      expect(await read(store, 'v1/counter')).toBe('20')
    })

    test('removing succeeds once, twice, and where nothing ever was', async () => {
      await store.put('v1/gone/soon', bytes('x'))
      await store.remove('v1/gone/soon')
      expect(await store.get('v1/gone/soon')).toBeUndefined()
      await store.remove('v1/gone/soon')
      await store.remove('v1/gone/never')
      expect(await collect(store.listParts('v1/gone/'))).toEqual([])
    })

    test('after removal and re-creation an old etag matches nothing', async () => {
      const old = await store.put('v1/again', bytes('before'))
      await store.remove('v1/again')
      expect(await store.compareAndSwap('v1/again', bytes('x'), old.etag)).toEqual({
        kind: 'conflict',
      })
      expect(await store.get('v1/again')).toBeUndefined()
      const renewed = await store.putIfAbsent('v1/again', bytes('after'))
      expect(renewed).toMatchObject({ kind: 'stored' })
      expect(renewed).not.toMatchObject({ etag: old.etag })
      expect(await store.compareAndSwap('v1/again', bytes('x'), old.etag)).toEqual({
        kind: 'conflict',
      })
      expect(await read(store, 'v1/again')).toBe('after')
    })

    test('lists 1,100 objects in order, with sizes and times', async () => {
      const names = Array.from(
        { length: 1100 },
        (_, index) => `many/${String(index * 7).padStart(6, '0')}`,
      )
      const before = Date.now()
      for (let start = 0; start < names.length; start += 50) {
        await Promise.all(
          names.slice(start, start + 50).map((name) => store.put(name, bytes(name))),
        )
      }
      const listed = await collect(store.list('many/'))
      expect(listed.map(({ name }) => name)).toEqual(names.toSorted())
      expect(new Set(listed.map(({ size }) => size))).toEqual(new Set([11]))
      for (const { modified } of listed) {
        expect(Math.abs(modified - before)).toBeLessThan(10 * 60_000)
      }
      expect((await collect(store.list('many/0000'))).map(({ name }) => name)).toEqual(
        names.filter((name) => name.startsWith('many/0000')),
      )
      expect(await collect(store.listParts('many/'))).toHaveLength(1100)
    })

    test('lists in byte order across levels', async () => {
      const names = [
        'tree/a',
        'tree/a+b',
        'tree/a-b',
        'tree/a.b',
        'tree/a/x',
        'tree/a/x/y',
        'tree/a0',
        'tree/aA',
        'tree/b/c',
      ]
      for (const name of names.toReversed()) await store.put(name, bytes(name))
      expect((await collect(store.list('tree/'))).map(({ name }) => name)).toEqual(names)
      expect((await collect(store.list('tree/a/'))).map(({ name }) => name)).toEqual([
        'tree/a/x',
        'tree/a/x/y',
      ])
      expect(await collect(store.list('tree/nothing'))).toEqual([])
    })

    test('names the next parts once each, in order', async () => {
      const names = [
        'parts/s1/1/2',
        'parts/s1/1/3',
        'parts/s1-x/owner',
        'parts/s2',
        'parts/s2/owner',
        'parts/s0/owner',
      ]
      for (const name of names) await store.put(name, bytes('x'))
      expect(await collect(store.listParts('parts/'))).toEqual(['s0', 's1', 's1-x', 's2'])
      expect(await collect(store.listParts('parts/s1/'))).toEqual(['1'])
      expect(await collect(store.listParts('parts/nothing/'))).toEqual([])
      await store.remove('parts/s0/owner')
      expect(await collect(store.listParts('parts/'))).toEqual(['s1', 's1-x', 's2'])
      expect(await collect(store.listParts(''))).toContain('parts')
    })

    test('a list may be left early', async () => {
      await store.put('early/1', bytes('x'))
      await store.put('early/2', bytes('x'))
      for await (const { name } of store.list('early/')) {
        expect(name).toBe('early/1')
        break
      }
      expect(await read(store, 'early/2')).toBe('x')
    })

    test('a call that was given up rejects with the reason and does nothing', async () => {
      const reason = new Error('given up')
      const options = { signal: AbortSignal.abort(reason) }
      await expect(store.get('v1/plain', options)).rejects.toBe(reason)
      await expect(store.put('v1/given-up', bytes('x'), options)).rejects.toBe(reason)
      await expect(store.putIfAbsent('v1/given-up', bytes('x'), options)).rejects.toBe(reason)
      await expect(store.remove('v1/plain', options)).rejects.toBe(reason)
      await expect(collect(store.list('', options))).rejects.toBe(reason)
      await expect(collect(store.listParts('', options))).rejects.toBe(reason)
      await expect(store.check(options)).rejects.toBe(reason)
      expect(await store.get('v1/given-up')).toBeUndefined()
      expect(await store.get('v1/plain')).toBeDefined()
    })

    test('answers a check', async () => {
      await expect(store.check()).resolves.toBeUndefined()
    })

    test('passes the probe of conditional writes, which leaves nothing behind', async () => {
      expect(await probeConditionalWrites(store)).toEqual({
        createsWhereAbsent: true,
        rejectsCreateWhereExists: true,
        swapsCurrent: true,
        rejectsSwapOfStale: true,
      })
      expect(await collect(store.list('v1/probe/'))).toEqual([])
    })
  })
}
