import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { execa } from 'execa'
import { expect, onTestFinished, test } from 'vitest'

import { lockHolder, lockStateDir } from '../../../src/authstate/lock.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

const MODULE = new URL('../../../src/authstate/lock.ts', import.meta.url).href

/** Another process that took the lock and then ran `next`. */
async function holder(stateDir: string, next = '') {
  const program = `
    import { lockStateDir } from ${JSON.stringify(MODULE)}
    lockStateDir(${JSON.stringify(stateDir)})
    ${next}
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = execa(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], {
    reject: false,
  })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  // Not the child itself: it is a promise that settles when the process ends.
  return { child }
}

test('a second process is refused, told who holds it, and let in after a SIGKILL', async () => {
  const stateDir = temporaryDirectory()
  expect(lockHolder(stateDir)).toBeUndefined()
  const { child } = await holder(stateDir)
  const refused = expect.objectContaining({
    code: 'state.locked',
    message: expect.stringContaining(`pid ${child.pid}`),
    hint: expect.any(String),
  })
  expect(() => lockStateDir(stateDir)).toThrow(refused)
  await expect(openTestStore({ stateDir })).rejects.toThrow(refused)
  expect(lockHolder(stateDir)).toEqual({ pid: child.pid })
  child.kill('SIGKILL')
  await child
  expect(lockHolder(stateDir)).toBeUndefined()
  await openTestStore({ stateDir })
})

test('a lock that nobody holds on to is kept until the process ends', async () => {
  const stateDir = temporaryDirectory()
  const { child } = await holder(stateDir, 'globalThis.gc()')
  expect(lockHolder(stateDir)).toEqual({ pid: child.pid })
})

test('an attempt from the same process does not open the lock to others', async () => {
  const stateDir = temporaryDirectory()
  const again = `try { lockStateDir(${JSON.stringify(stateDir)}) } catch { console.error('refused') }`
  const { child } = await holder(stateDir, again)
  expect(lockHolder(stateDir)).toEqual({ pid: child.pid })
})

test('the same process is refused too, until the store was closed', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  await expect(openTestStore({ stateDir })).rejects.toThrow(
    expect.objectContaining({ code: 'state.locked' }),
  )
  expect(lockHolder(stateDir)).toEqual({ pid: process.pid })
  await store.close()
  expect(lockHolder(stateDir)).toBeUndefined()
})

test('a lock that the caller took is left to the caller', async () => {
  const stateDir = temporaryDirectory()
  const lock = lockStateDir(stateDir)
  const store = await openTestStore({ stateDir, lock })
  await store.close()
  expect(lockHolder(stateDir)).toEqual({ pid: process.pid })
  lock.release()
  expect(lockHolder(stateDir)).toBeUndefined()
})

test('a lock that cannot be looked at is not taken for one that somebody holds', () => {
  const stateDir = temporaryDirectory()
  writeFileSync(join(stateDir, 'lock.db'), 'no database at all'.repeat(64))
  expect(() => lockHolder(stateDir)).toThrow(expect.objectContaining({ code: 'state.corrupt' }))
})
