import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { copyStore, type CopyRequest } from '../../src/replica/copy/copy.ts'
import { encryptingSealer } from '../../src/replica/crypto/sealer.ts'
import type { Sealer } from '../../src/replica/sealer.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { kekOf, openKeyring } from '../support/keyring.ts'
import { TestWorker } from '../support/workers.ts'

export interface Sites {
  first: ObjectStore
  second: ObjectStore
  /** Empty, for what comes back. */
  third: ObjectStore
  close(): Promise<void>
}

const IDS = ['anna', 'ben', 'carl']

/** What a copy between two stores promises, over real ones: there, cut short, and back. */
export function storeCopyContract(stores: string, make: () => Promise<Sites>): void {
  describe(`a copy of encrypted sessions: ${stores}`, () => {
    let sites: Sites
    let sealer: Sealer
    let worker: TestWorker

    beforeEach(async () => {
      sites = await make()
      sealer = encryptingSealer(await openKeyring(sites.first))
      worker = new TestWorker(sites.first, { sealer })
      await worker.replica.start()
      for (const id of IDS) {
        await worker.pair(id)
        worker.write(id, 'a', 'b')
      }
      await worker.replica.fold('anna', 'manual')
      await worker.replica.ship()
    })
    afterEach(() => sites.close())

    const copy = (more: Partial<CopyRequest> = {}, onPut: () => void = () => {}) => {
      const common = { own: { store: sites.first, sealer }, other: sites.second, keks: [kekOf(1)] }
      const listener = { onTotal: () => {}, onPut, onSession: () => {} }
      return copyStore({ ...common, direction: 'to', ...more }, listener)
    }

    /** Reads everything as a recovery would; what was found wrong. */
    async function verified(store: ObjectStore): Promise<string[]> {
      const found: string[] = []
      const reader = encryptingSealer(await openKeyring(store))
      const { replica } = new TestWorker(store, { name: 'verifier', sealer: reader })
      await replica.verify({}, ({ findings }) => found.push(...findings.map(({ what }) => what)))
      return found
    }

    /** What another host gets of each session. */
    async function recovered(store: ObjectStore): Promise<string[][]> {
      const reader = encryptingSealer(await openKeyring(store))
      const rescue = new TestWorker(store, { name: 'rescue', sealer: reader })
      for (const sessionId of IDS) {
        const outcome = await rescue.replica.claim({ sessionId, assigned: true, takeOver: true })
        expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold' })
      }
      return IDS.map((id) => rescue.content(id))
    }

    test('serves a recovery, and sends only what is new when it is run again', async () => {
      expect(await copy()).toMatchObject({ sessions: 3, copied: 3, failed: 0 })
      expect(await copy()).toMatchObject({ same: 3, objects: 0 })
      worker.write('ben', 'c')
      await worker.replica.ship()
      // The bundle, and the records of all whose log it lies in.
      expect(await copy({ prune: true })).toMatchObject({ sessions: 3, failed: 0, used: 0 })
      expect(await verified(sites.second)).toEqual([])
      expect(await recovered(sites.second)).toEqual([
        ['a', 'b'],
        ['a', 'b', 'c'],
        ['a', 'b'],
      ])
    })

    /** Runs it until it is done, each run cut short after two objects; how many it took. */
    async function inPieces(check: () => Promise<void>): Promise<number> {
      for (let runs = 1; ; runs++) {
        const cut = new AbortController()
        let left = 2
        try {
          await copy({ signal: cut.signal, concurrency: 2 }, () => --left === 0 && cut.abort())
          return runs
        } catch (error) {
          if (!cut.signal.aborted) throw error
          await check()
        }
      }
    }

    test('goes on from wherever it was cut short, and what is there stays sound meanwhile', async () => {
      expect(await inPieces(async () => undefined)).toBeGreaterThan(2)
      expect(await verified(sites.second)).toEqual([])
      for (const id of IDS) worker.write(id, 'c')
      await worker.replica.fold('ben', 'manual')
      await worker.replica.ship()
      const runs = await inPieces(async () => expect(await verified(sites.second)).toEqual([]))
      expect(runs).toBeGreaterThan(1)
      expect(await copy()).toMatchObject({ same: 3, objects: 0 })
      expect(await recovered(sites.second)).toEqual(IDS.map(() => ['a', 'b', 'c']))
    })

    test('comes back into a new store that has keys of its own', async () => {
      await copy()
      const own = encryptingSealer(await openKeyring(sites.third))
      const back = { own: { store: sites.third, sealer: own }, direction: 'from' } as const
      expect(await copy(back)).toMatchObject({ copied: 3, failed: 0 })
      expect(await verified(sites.third)).toEqual([])
      expect(await recovered(sites.third)).toEqual(IDS.map(() => ['a', 'b']))
    })
  })
}
