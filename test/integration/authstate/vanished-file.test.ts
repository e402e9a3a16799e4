import { copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'

import type { AuthStore } from '../../../src/authstate/port.ts'
import { isPending, openTestStore, temporaryDirectory } from '../../support/authstate.ts'

const FATES = [
  { fate: 'deleted', befall: (file: string) => rmSync(file) },
  {
    fate: 'replaced by another file',
    befall: (file: string) => {
      copyFileSync(file, `${file}.copy`)
      renameSync(`${file}.copy`, file)
    },
  },
]

const failureOf = (store: AuthStore) => new Promise((resolve) => store.onFailure(resolve))

for (const { fate, befall } of FATES) {
  const fault = expect.objectContaining({
    code: 'state.disk',
    message: `the local state was ${fate} while the daemon had it open`,
  })

  test(`a state.db that was ${fate} acknowledges nothing more`, async () => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    await store.create('a', initAuthCreds())
    const { state } = await store.open('a')
    await state.keys.set({ 'lid-mapping': { before: 'y' } })

    befall(join(stateDir, 'state.db'))
    const failed = failureOf(store)
    const change = Promise.resolve(state.keys.set({ 'lid-mapping': { after: 'y' } }))
    expect(await failed).toEqual(fault)
    expect(store.writing().failure).toEqual(fault)
    expect(await isPending(change)).toBe(true)
  })

  test(`a state.db that was ${fate} is noticed while nothing is written`, async () => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    befall(join(stateDir, 'state.db'))
    expect(await failureOf(store)).toEqual(fault)
  })
}
