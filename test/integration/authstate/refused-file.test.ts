import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { openAuthStore } from '../../../src/authstate/open.ts'
import { toStateError } from '../../../src/authstate/sqlite-error.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

// SQLite says the same (CANTOPEN) where no inode or descriptor is left, or the directory is read-only.
test.each(['-wal', '-shm'])(
  'a sound state.db whose %s cannot be made is refused, not set aside',
  async (part) => {
    const stateDir = temporaryDirectory()
    const before = await openAuthStore({ stateDir })
    await before.create('shop', initAuthCreds())
    await before.close()
    const blocked = join(stateDir, `state.db${part}`)
    mkdirSync(blocked)

    await expect(openAuthStore({ stateDir })).rejects.toMatchObject({ code: 'state.permission' })
    expect(existsSync(join(stateDir, 'quarantine'))).toBe(false)

    rmdirSync(blocked)
    const after = await openTestStore({ stateDir })
    expect(after.quarantined).toBeUndefined()
    expect(after.find('shop')).toBeDefined()
  },
)

test.each([
  ['SQLite without memory', { errcode: 7 }],
  ['a process without descriptors', { code: 'EMFILE' }],
  ['a host without descriptors', { code: 'ENFILE' }],
])('%s says nothing about what the file holds', (_, details) => {
  const error = Object.assign(new Error('it failed'), details)
  expect(toStateError(error, '/state/state.db')).toMatchObject({ code: 'state.disk' })
})
