import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'

import type { AuthHandle, AuthStore } from '../../../src/authstate/port.ts'
import {
  isPending,
  openTestStore,
  stallCommits,
  temporaryDirectory,
} from '../../support/authstate.ts'

async function openPair(): Promise<{ stateDir: string; store: AuthStore; handle: AuthHandle }> {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  await store.create('a', initAuthCreds())
  return { stateDir, store, handle: await store.open('a') }
}

test('reads see their own writes while the disk stalls, and set waits for it', async () => {
  const { stateDir, store, handle } = await openPair()
  const { keys } = handle.state
  await keys.set({ 'device-list': { old: ['1'], gone: ['2'] } })
  const resume = stallCommits(stateDir)
  const writes: Promise<void>[] = []
  for (let n = 0; n < 20; n += 1) {
    writes.push(Promise.resolve(keys.set({ 'lid-mapping': { x: String(n) } })))
    expect(await keys.get('lid-mapping', ['x'])).toEqual({ x: String(n) })
  }
  writes.push(Promise.resolve(keys.set({ 'device-list': { gone: null } })))
  expect(await keys.get('device-list', ['old', 'gone', 'never'])).toEqual({ old: ['1'] })
  for (const write of writes) expect(await isPending(write)).toBe(true)
  expect(handle.seq).toBe(23)
  expect(handle.durableSeq).toBe(2)
  expect(store.find('a')?.seq).toBe(2)
  expect((await store.image('a')).seq).toBe(2)
  expect(store.pendingBytes).toBeGreaterThan(0)

  resume()
  await Promise.all(writes)
  expect(handle.durableSeq).toBe(23)
  expect(store.find('a')).toMatchObject({ seq: 23, keys: 2 })
  expect(store.pendingBytes).toBe(0)
  expect(await keys.get('lid-mapping', ['x'])).toEqual({ x: '19' })
  expect(await keys.get('device-list', ['old', 'gone'])).toEqual({ old: ['1'] })
})

test('get gives copies, set keeps one', async () => {
  const { stateDir, handle } = await openPair()
  const { keys } = handle.state
  const list = ['1']
  const resume = stallCommits(stateDir)
  const done = keys.set({ 'device-list': { x: list } })
  list.push('changed after set')
  for (const settle of [() => Promise.resolve(), () => done]) {
    const { x } = await keys.get('device-list', ['x'])
    expect(x).toEqual(['1'])
    x?.push('changed after get')
    expect(await keys.get('device-list', ['x'])).toEqual({ x: ['1'] })
    resume()
    await settle()
  }
})

test('creds are stored as they were when saveCreds was called', async () => {
  const { stateDir, store, handle } = await openPair()
  const { creds } = handle.state
  creds.nextPreKeyId = 5
  const saved = handle.saveCreds()
  creds.nextPreKeyId = 6
  await saved
  expect(store.find('a')).toMatchObject({ seq: 2, paired: false, keys: 0 })
  creds.nextPreKeyId = 7
  creds.account = { details: Buffer.from('phone') }
  await handle.saveCreds()
  expect(store.find('a')?.paired).toBe(true)
  creds.nextPreKeyId = 8
  await store.close()
  const again = await openTestStore({ stateDir })
  const { state } = await again.open('a')
  expect(state.creds.nextPreKeyId).toBe(7)
  expect(again.find('a')?.paired).toBe(true)
})

test('onDurable follows the commits, whenDurable waits for one', async () => {
  const { stateDir, handle } = await openPair()
  const heard: number[] = []
  const stop = handle.onDurable((seq) => heard.push(seq))
  const resume = stallCommits(stateDir)
  const { keys } = handle.state
  const writes = [1, 2, 3].map(async (n) => keys.set({ 'lid-mapping': { x: String(n) } }))
  const third = handle.whenDurable(4)
  expect(await isPending(third)).toBe(true)
  await handle.whenDurable(1)
  resume()
  await third
  await Promise.all(writes)
  expect(heard.at(-1)).toBe(4)
  expect(heard).toEqual(heard.toSorted((a, b) => a - b))
  stop()
  await keys.set({ 'lid-mapping': { x: 'y' } })
  expect(heard.at(-1)).toBe(4)
})

test('a set of nothing is no change', async () => {
  const { handle } = await openPair()
  await handle.state.keys.set({})
  await handle.state.keys.set({ 'pre-key': {} })
  expect(handle.seq).toBe(1)
})

test('a sealed handle lets earlier changes settle, new ones never, and creds be saved', async () => {
  const { stateDir, store, handle } = await openPair()
  const { keys } = handle.state
  const resume = stallCommits(stateDir)
  const early = Promise.resolve(keys.set({ 'lid-mapping': { x: 'early' } }))
  const sealed = handle.seal()
  const late = Promise.resolve(keys.set({ 'lid-mapping': { x: 'late' } }))
  expect(await isPending(sealed)).toBe(true)
  resume()
  await sealed
  await early
  await handle.saveCreds()
  expect(await isPending(late)).toBe(true)
  expect(await keys.get('lid-mapping', ['x'])).toEqual({ x: 'early' })
  expect(store.find('a')?.seq).toBe(3)
  await handle.close()
  await expect(handle.saveCreds()).rejects.toThrow(
    expect.objectContaining({ code: 'state.sealed' }),
  )
  await (await store.open('a')).close()
})

test('closing the store makes open sessions durable first', async () => {
  const { stateDir, store, handle } = await openPair()
  const write = handle.state.keys.set({ 'lid-mapping': { x: 'last' } })
  await store.close()
  await write
  const again = await openTestStore({ stateDir })
  const { keys } = (await again.open('a')).state
  expect(await keys.get('lid-mapping', ['x'])).toEqual({ x: 'last' })
})

test('pressure is told when much waits for the disk, and when it is over', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir, highWater: 10_000 })
  await store.create('a', initAuthCreds())
  const { keys } = (await store.open('a')).state
  const heard: boolean[] = []
  store.onPressure((pressed) => heard.push(pressed))
  const resume = stallCommits(stateDir)
  const writes = Array.from({ length: 20 }, async (_, n) =>
    keys.set({ 'identity-key': { [n]: Buffer.alloc(1_000) } }),
  )
  expect(heard).toEqual([true])
  resume()
  await Promise.all(writes)
  expect(heard).toEqual([true, false])
})

test('keys with odd names are kept apart', async () => {
  const { handle } = await openPair()
  const names = ['__proto__', 'a\0b', 'constructor', "'; DROP TABLE kv; --", '\u{1f600}']
  const values = Object.fromEntries(names.map((name) => [name, name]))
  await handle.state.keys.set({ 'lid-mapping': values })
  expect(await handle.state.keys.get('lid-mapping', names)).toEqual(values)
})
