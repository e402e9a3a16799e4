import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'

import { checksum } from '../../../src/authstate/checksum.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

/** A state directory as version 1 left it: with a session, no slots beside its boots, no images. */
async function versionOne(): Promise<{ stateDir: string; boot: string }> {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir, now: () => 0 })
  const { boot } = store
  await store.create('a', initAuthCreds())
  const handle = await store.open('a')
  await handle.state.keys.set({ 'lid-mapping': { x: 'y' } })
  await store.close()
  const db = new DatabaseSync(join(stateDir, 'state.db'))
  db.exec(`ALTER TABLE boots DROP COLUMN next_slot;
    ALTER TABLE sessions DROP COLUMN image;
    ALTER TABLE sessions DROP COLUMN changed_at;
    DROP TABLE images`)
  for (const row of db.prepare('SELECT boot, minted FROM boots').all()) {
    const sum = checksum(String(row['boot']), Number(row['minted']))
    db.prepare('UPDATE boots SET sum = ? WHERE boot = ?').run(sum, String(row['boot']))
  }
  db.prepare("UPDATE meta SET value = '1', sum = ? WHERE key = 'schema'").run(
    checksum('schema', '1'),
  )
  db.exec('PRAGMA user_version = 1')
  db.close()
  return { stateDir, boot }
}

test('a file of version 1 is taken over with all it holds, and its boots begin at slot 0', async () => {
  const { stateDir, boot } = await versionOne()
  const store = await openTestStore({ stateDir, onCorrupt: 'fail' })
  expect(store.find('a')).toMatchObject({ seq: 2, keys: 1 })
  expect(store.nextSlot(boot)).toBe(0)
  await store.confirmShipped(boot, 0, [])
  await store.close()
  const again = await openTestStore({ stateDir, onCorrupt: 'fail' })
  expect(again.nextSlot(boot)).toBe(1)
})

test('a damaged boot of version 1 is found on the way', async () => {
  const { stateDir } = await versionOne()
  const db = new DatabaseSync(join(stateDir, 'state.db'))
  db.exec('UPDATE boots SET minted = minted + 1')
  db.close()
  await expect(openTestStore({ stateDir, onCorrupt: 'fail' })).rejects.toThrow(
    expect.objectContaining({ code: 'state.corrupt' }),
  )
})
