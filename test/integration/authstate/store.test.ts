import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'

import { openAuthStore } from '../../../src/authstate/open.ts'

import { temporaryDirectory } from '../../support/authstate.ts'

test('what was set is there after the store was opened again', async () => {
  const stateDir = temporaryDirectory()
  const first = await openAuthStore({ stateDir })
  const creds = initAuthCreds()
  await first.create('alice', creds)
  const handle = await first.open('alice')
  const pair = { public: Buffer.from([1]), private: Buffer.from([2]) }
  await handle.state.keys.set({ 'pre-key': { 1: pair, 2: pair } })
  await handle.state.keys.set({ 'pre-key': { 2: null } })
  await first.close()

  const second = await openAuthStore({ stateDir })
  expect(second.find('alice')).toMatchObject({ seq: 3, keys: 1, paired: false })
  const again = await second.open('alice')
  expect(await again.state.keys.get('pre-key', ['1', '2'])).toEqual({ 1: pair })
  expect(again.state.creds.noiseKey).toEqual(creds.noiseKey)
  expect(second.isMine(first.boot)).toBe(true)
  await second.close()
})
