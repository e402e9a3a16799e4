import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'

import { isPending, openTestStore, temporaryDirectory } from '../../support/authstate.ts'

test('a full disk stops everything, loudly and without losing what was acknowledged', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir, maxPages: 60 })
  await store.create('a', initAuthCreds())
  await store.create('b', initAuthCreds())
  const failures: Error[] = []
  store.onFailure((error) => failures.push(error))
  const a = await store.open('a')
  const b = await store.open('b')
  let acknowledged = 0
  const failed = new Promise<Error>((resolve) => {
    store.onFailure(resolve)
  })
  const filling = (async () => {
    for (let n = 1; ; n += 1) {
      await a.state.keys.set({ 'identity-key': { [n]: Buffer.alloc(3_000, n) } })
      acknowledged = n
    }
  })()
  const disk = expect.objectContaining({ code: 'state.disk' })
  expect(await failed).toEqual(disk)
  expect(acknowledged).toBeGreaterThan(0)

  expect(await isPending(filling)).toBe(true)
  expect(await isPending(Promise.resolve(b.state.keys.set({ 'lid-mapping': { x: 'y' } })))).toBe(
    true,
  )
  for (const wait of [a.whenDurable(), a.seal(), b.saveCreds(), store.confirmEpoch('a', 1)])
    await expect(wait).rejects.toThrow(disk)
  await expect(store.create('c', initAuthCreds())).rejects.toThrow(disk)
  await expect(a.close()).rejects.toThrow(disk)
  await expect(store.open('a')).rejects.toThrow(disk)
  expect(failures).toHaveLength(1)
  const late = new Promise((resolve) => {
    store.onFailure(resolve)
  })
  expect(await late).toBe(failures[0])
  await expect(store.close()).rejects.toThrow(disk)

  const again = await openTestStore({ stateDir })
  expect(again.quarantined).toBeUndefined()
  const { keys } = (await again.open('a')).state
  for (let n = 1; n <= acknowledged; n += 1)
    expect(await keys.get('identity-key', [`${n}`])).toEqual({ [n]: Buffer.alloc(3_000, n) })
})
