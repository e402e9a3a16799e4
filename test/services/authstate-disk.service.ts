import { execFileSync } from 'node:child_process'

import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, onTestFinished, test } from 'vitest'

import { isPending, openTestStore, temporaryDirectory } from '../support/authstate.ts'

/** A real file system of 1 MB; needs root. */
function tinyDisk(): string {
  const path = temporaryDirectory()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'wa-gateway-test', path])
  onTestFinished(() => {
    execFileSync('umount', [path])
  })
  return path
}

test('a disk without space stops everything and loses nothing that was acknowledged', async () => {
  const stateDir = tinyDisk()
  const store = await openTestStore({ stateDir })
  await store.create('a', initAuthCreds())
  const { state } = await store.open('a')
  const failed = new Promise<Error>((resolve) => {
    store.onFailure(resolve)
  })
  let acknowledged = 0
  const filling = (async () => {
    for (let n = 1; ; n += 1) {
      await state.keys.set({ 'identity-key': { [n]: Buffer.alloc(8_000, n) } })
      acknowledged = n
    }
  })()
  const disk = expect.objectContaining({
    code: 'state.disk',
    hint: expect.stringContaining('space'),
  })
  expect(await failed).toEqual(disk)
  expect(await isPending(filling)).toBe(true)
  expect(acknowledged).toBeGreaterThan(10)
  await expect(store.close()).rejects.toThrow(disk)

  // As the hint says: room first.
  execFileSync('mount', ['-o', 'remount,size=8m', stateDir])
  const again = await openTestStore({ stateDir })
  expect(again.quarantined).toBeUndefined()
  const { keys } = (await again.open('a')).state
  for (let n = 1; n <= acknowledged; n += 1)
    expect(await keys.get('identity-key', [`${n}`])).toEqual({ [n]: Buffer.alloc(8_000, n) })
})
