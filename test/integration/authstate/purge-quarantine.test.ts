import { copyFileSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, it } from 'vitest'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

const TIME = '20260101T000000000Z'

it('deletes what was set aside of a session, and says what stays and why', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  const setAside = async (id: string) => {
    await store.create(id, initAuthCreds())
    return store.quarantine(id, 'a test')
  }
  const [first, second] = [await setAside('anna'), await setAside('anna')]
  const other = await setAside('anna-2')
  const directory = join(stateDir, 'quarantine')
  for (const id of ['anna', 'ben']) await store.create(id, initAuthCreds())
  await store.close()
  const shared = join(directory, `state-${TIME}.db`)
  copyFileSync(join(stateDir, 'state.db'), shared)
  const unreadable = join(directory, `state-${TIME}-2.db`)
  const damaged = join(directory, `anna-${TIME}.db`)
  const foreign = join(directory, `ben-${TIME}.db`)
  for (const path of [unreadable, damaged, foreign]) writeFileSync(path, 'rot'.repeat(2_000))
  const leftovers = [`${first}-wal`, join(directory, `anna-${TIME}-3.db.draft`)]
  for (const path of leftovers) writeFileSync(path, '')
  const again = await openTestStore({ stateDir })
  const { deleted, stayed } = again.purgeQuarantine('anna')
  expect(new Set(deleted)).toEqual(new Set([first, second, leftovers[1]]))
  expect(stayed.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual(
    [
      { path: damaged, why: 'it cannot be read, so it may hold this session and others' },
      { path: unreadable, why: 'it cannot be read, so it may hold this session and others' },
      { path: shared, why: 'it also holds 1 other session' },
    ].toSorted((a, b) => a.path.localeCompare(b.path)),
  )
  expect(leftovers.filter((path) => existsSync(path))).toEqual([])
  const rest = readdirSync(directory).map((name) => join(directory, name))
  expect(rest).toEqual(expect.arrayContaining([shared, unreadable, damaged, foreign, other]))
  expect(again.purgeQuarantine('anna').deleted).toEqual([])
})

it('has nothing to do where nothing was set aside', async () => {
  const store = await openTestStore()
  expect(store.purgeQuarantine('anna')).toEqual({ deleted: [], stayed: [] })
})
