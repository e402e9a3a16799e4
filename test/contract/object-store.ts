import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../src/store/port.ts'
import { collect } from '../support/collect.ts'
import { testConditions } from './object-store-conditions.ts'
import { testLists } from './object-store-lists.ts'
import { testNames } from './object-store-names.ts'
import { bytes } from './object-store-text.ts'
import { testValues } from './object-store-values.ts'

export interface StoreUnderTest {
  store: ObjectStore
  close(): Promise<void>
}

/** What every adapter of the ObjectStore port does. `make` gives an empty store. */
export function objectStoreContract(adapter: string, make: () => Promise<StoreUnderTest>): void {
  describe(`object store contract: ${adapter}`, () => {
    let subject: StoreUnderTest
    const current = (): ObjectStore => subject.store
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(() => subject.close())

    testValues(current)
    testNames(current)
    testConditions(current)
    testLists(current)

    test('a call that was given up rejects with the reason and does nothing', async () => {
      const store = current()
      await store.put('v1/kept', bytes('x'))
      const reason = new Error('given up')
      const options = { signal: AbortSignal.abort(reason) }
      await expect(store.get('v1/kept', options)).rejects.toBe(reason)
      await expect(store.put('v1/given-up', bytes('x'), options)).rejects.toBe(reason)
      await expect(store.putIfAbsent('v1/given-up', bytes('x'), options)).rejects.toBe(reason)
      await expect(store.remove('v1/kept', options)).rejects.toBe(reason)
      await expect(collect(store.list('', options))).rejects.toBe(reason)
      await expect(collect(store.listParts('', options))).rejects.toBe(reason)
      await expect(store.check(options)).rejects.toBe(reason)
      expect(await store.get('v1/given-up')).toBeUndefined()
      expect(await store.get('v1/kept')).toBeDefined()
    })

    test('answers a check', async () => {
      await expect(current().check()).resolves.toBeUndefined()
    })
  })
}
