import { initAuthCreds } from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'

import type { AuthHandle, AuthStore, ShippedEnd } from '../../../src/authstate/port.ts'
import { decodeRecord } from '../../../src/authstate/record.ts'
import { isPending, openTestStore, temporaryDirectory } from '../../support/authstate.ts'

type Ack = 'local' | 'remote'

/** A store with a session whose creds are change 1. */
async function openOne(ack: Ack = 'local', stateDir = temporaryDirectory()) {
  const store = await openTestStore({ stateDir, ack })
  await store.create('a', initAuthCreds())
  return { stateDir, store, handle: await store.open('a') }
}

/** Changes, made and durable, but perhaps not acknowledged. */
async function change(handle: AuthHandle, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) void handle.state.keys.set({ 'lid-mapping': { x: String(n) } })
  await handle.whenDurable()
}

function endAt(store: AuthStore, sessionId: string, seq: number): ShippedEnd {
  return { sessionId, seq, hash: store.hashAt(sessionId, seq) ?? '' }
}

describe('the journal', () => {
  test('gives the durable changes after a seq, oldest first, as they were written', async () => {
    const { store, handle } = await openOne()
    await change(handle, 4)
    const entries = store.journal('a', 2, 1_000_000)
    expect(entries.map((entry) => entry.seq)).toEqual([3, 4, 5])
    for (const { seq, previous, hash, record } of entries) {
      expect(decodeRecord(record)).toMatchObject({ seq, previous, hash })
      expect(store.hashAt('a', seq)).toBe(hash)
    }
    expect(store.journal('a', 5, 1_000_000)).toEqual([])
  })

  test('stops at the byte limit, but gives at least one change', async () => {
    const { store, handle } = await openOne()
    await change(handle, 4)
    const sizes = store.journal('a', 1, 1_000_000).map((entry) => entry.record.length)
    const [first = 0, second = 0] = sizes
    expect(store.journal('a', 1, first + second)).toHaveLength(2)
    expect(store.journal('a', 1, first + second - 1)).toHaveLength(1)
    expect(store.journal('a', 1, 0)).toHaveLength(1)
    const bytes = store.journal('a', 0, 1_000_000).reduce((sum, e) => sum + e.record.length, 0)
    expect(store.find('a')?.backlogBytes).toBe(bytes)
  })

  test('the backlog and its size survive a restart', async () => {
    const { stateDir, store, handle } = await openOne()
    await change(handle, 4)
    await store.confirmStored('a', 2)
    const before = store.find('a')
    const journal = store.journal('a', 2, 1_000_000)
    await store.close()
    const again = await openTestStore({ stateDir })
    expect(again.find('a')).toEqual(before)
    expect(again.journal('a', 0, 1_000_000)).toEqual(journal)
    expect(journal).toHaveLength(3)
  })

  test('tells of new changes once a commit, and not of what came from the object store', async () => {
    const { store, handle } = await openOne()
    const heard: string[] = []
    const stop = store.onChanges((sessionId) => heard.push(sessionId))
    await change(handle, 3)
    expect(new Set(heard)).toEqual(new Set(['a']))
    heard.length = 0
    const image = await store.image('a')
    await store.install({ ...image, sessionId: 'b' }, { epoch: 1, boot: store.boot })
    await store.confirmStored('a', 2)
    expect(heard).toEqual([])
    stop()
    await change(handle, 1)
    expect(heard).toEqual([])
  })
})

describe('a confirmed bundle', () => {
  test('moves the slot, the stored seqs and the journal in one step, for good', async () => {
    const { stateDir, store, handle } = await openOne()
    await store.create('b', initAuthCreds())
    await change(handle, 3)
    const { boot } = store
    await store.confirmShipped(boot, 0, [endAt(store, 'a', 3), endAt(store, 'b', 1)])
    expect(store.nextSlot(boot)).toBe(1)
    expect(store.find('a')).toMatchObject({ seq: 4, storedSeq: 3 })
    expect(store.find('b')).toMatchObject({ seq: 1, storedSeq: 1, backlogBytes: 0 })
    expect(store.journal('a', 0, 1_000_000).map((entry) => entry.seq)).toEqual([4])
    await store.close()

    const again = await openTestStore({ stateDir })
    expect(again.nextSlot(boot)).toBe(1)
    expect(again.nextSlot(again.boot)).toBe(0)
    expect(again.find('a')).toMatchObject({ seq: 4, storedSeq: 3 })
    await again.confirmShipped(boot, 1, [endAt(again, 'a', 4)])
    expect(again.find('a')).toMatchObject({ seq: 4, storedSeq: 4, backlogBytes: 0 })
  })

  test('a slot may come again, but not be left out', async () => {
    const { store } = await openOne()
    const { boot } = store
    await store.confirmShipped(boot, 0, [])
    await store.confirmShipped(boot, 0, [endAt(store, 'a', 1)])
    expect(store.nextSlot(boot)).toBe(1)
    await expect(store.confirmShipped(boot, 2, [])).rejects.toThrow(RangeError)
    await expect(store.confirmShipped('0'.repeat(32), 0, [])).rejects.toThrow(RangeError)
    expect(() => store.nextSlot('0'.repeat(32))).toThrow(RangeError)
    const next = await store.renewBoot()
    expect(store.nextSlot(next)).toBe(0)
    expect(store.nextSlot(boot)).toBe(1)
  })

  test('passes over a history that was replaced, and a session that is gone', async () => {
    const { store, handle } = await openOne()
    await change(handle, 3)
    const shipped = [2, 4].map((seq) => endAt(store, 'a', seq))
    await handle.close()
    await store.quarantine('a', 'test')
    await store.create('a', initAuthCreds())
    await change(await store.open('a'), 3)
    const gone = { sessionId: 'gone', seq: 1, hash: 'ab'.repeat(32) }
    await store.confirmShipped(store.boot, 0, [...shipped, gone])
    expect(store.find('a')).toMatchObject({ seq: 4, storedSeq: 0 })
    expect(store.nextSlot(store.boot)).toBe(1)
  })
})

describe('acknowledgement', () => {
  test('local: durable is enough', async () => {
    const { store, handle } = await openOne('local')
    await handle.state.keys.set({ 'lid-mapping': { x: '1' } })
    expect(handle.ackSeq).toBe(2)
    expect(store.find('a')?.storedSeq).toBe(0)
  })

  test('remote: a set waits for its bundle, creds count in the same order', async () => {
    const { store, handle } = await openOne('remote')
    const heard: number[] = []
    handle.onAck((seq) => heard.push(seq))
    const set = Promise.resolve(handle.state.keys.set({ 'lid-mapping': { x: '1' } }))
    await handle.saveCreds()
    await handle.whenDurable()
    expect(handle).toMatchObject({ seq: 3, durableSeq: 3, ackSeq: 0 })
    expect(await isPending(set)).toBe(true)
    await store.confirmShipped(store.boot, 0, [endAt(store, 'a', 2)])
    await set
    expect(handle.ackSeq).toBe(2)
    await store.confirmShipped(store.boot, 1, [endAt(store, 'a', 3)])
    expect(heard).toEqual([2, 3])
  })

  test('remote: keys ahead are set at once, up to a limit, and never after a seal', async () => {
    const { store, handle } = await openOne('remote')
    const set = (n: number) => handle.keysAhead.set({ 'lid-mapping': { x: String(n) } })
    // The creds are the first of 256 changes that may wait.
    for (let n = 2; n <= 256; n += 1) await set(n)
    expect(handle).toMatchObject({ seq: 256, ackSeq: 0 })
    expect(await handle.state.keys.get('lid-mapping', ['x'])).toEqual({ x: '256' })
    const next = Promise.resolve(set(257))
    await handle.whenDurable()
    expect(await isPending(next)).toBe(true)
    await store.confirmShipped(store.boot, 0, [endAt(store, 'a', 1)])
    await next
    await handle.seal()
    const late = Promise.resolve(set(258))
    await store.confirmShipped(store.boot, 1, [endAt(store, 'a', 257)])
    expect(await isPending(late)).toBe(true)
    expect(handle).toMatchObject({ seq: 257, ackSeq: 257 })
  })

  test('remote: a handle begins where the store stands', async () => {
    const { stateDir, store, handle } = await openOne('remote')
    await change(handle, 2)
    await store.confirmStored('a', 2)
    await store.close()
    const again = await openTestStore({ stateDir, ack: 'remote' })
    expect(await again.open('a')).toMatchObject({ seq: 3, durableSeq: 3, ackSeq: 2 })
  })

  test('remote: a seal waits for what is shipped in time, and no longer', async () => {
    const { store, handle } = await openOne('remote')
    await change(handle, 1)
    await handle.seal()
    await handle.seal({ deadlineMs: 5 })
    const sealed = handle.seal({ deadlineMs: 60_000 })
    expect(await isPending(sealed)).toBe(true)
    await store.confirmShipped(store.boot, 0, [endAt(store, 'a', 2)])
    await sealed
    expect(handle.ackSeq).toBe(2)
  })

  test.each<Ack>(['local', 'remote'])(
    '%s: a suspended session acknowledges nothing',
    async (ack) => {
      const { store, handle } = await openOne(ack)
      await store.confirmShipped(store.boot, 0, [endAt(store, 'a', 1)])
      store.suspend('unknown', 'test')
      store.suspend('a', 'fenced')
      const set = Promise.resolve(handle.state.keys.set({ 'lid-mapping': { x: '1' } }))
      await handle.saveCreds()
      await store.confirmShipped(store.boot, 1, [endAt(store, 'a', 3)])
      expect(await isPending(set)).toBe(true)
      expect(handle).toMatchObject({ durableSeq: 3, ackSeq: 1 })
      await handle.seal({ deadlineMs: 60_000 })
      await handle.close()

      const again = await store.open('a')
      expect(again.ackSeq).toBe(1)
      expect(store.suspended('a')).toBe('fenced')
      store.resume('a')
      expect(again.ackSeq).toBe(3)
      expect(store.suspended('a')).toBeUndefined()
      await again.state.keys.get('lid-mapping', ['x'])
      expect(await isPending(set)).toBe(true)
    },
  )

  test('suspending all suspends every session, and one by one they go on', async () => {
    const { store } = await openOne()
    await store.create('b', initAuthCreds())
    store.suspendAll('fenced')
    expect(['a', 'b'].map((id) => store.suspended(id))).toEqual(['fenced', 'fenced'])
    store.resume('b')
    expect(['a', 'b'].map((id) => store.suspended(id))).toEqual(['fenced', undefined])
  })
})
