import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { onTestFinished } from 'vitest'

import { openAuthStore } from '../../src/authstate/open.ts'
import type { AuthStoreOptions } from '../../src/authstate/open.ts'
import type { AuthStore } from '../../src/authstate/port.ts'

/** A new directory that is gone after the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'authstate-'))
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** A store that is closed after the test, in a directory of its own unless one is given. */
export async function openTestStore(options: Partial<AuthStoreOptions> = {}): Promise<AuthStore> {
  const store = await openAuthStore({
    stateDir: options.stateDir ?? temporaryDirectory(),
    ...options,
  })
  onTestFinished(() => closeIfHealthy(store))
  return store
}

async function closeIfHealthy(store: AuthStore): Promise<void> {
  try {
    await store.close()
  } catch (error) {
    // A test that broke the disk has seen this error already.
    if (!(error instanceof Error && 'code' in error && String(error.code).startsWith('state.')))
      throw error
  }
}

/** Makes every commit wait until the returned function is called, as a very slow disk would. */
export function stallCommits(stateDir: string): () => void {
  const db = new DatabaseSync(join(stateDir, 'state.db'), { timeout: 10_000 })
  db.exec('BEGIN IMMEDIATE')
  const release = () => {
    if (db.isOpen) db.close()
  }
  onTestFinished(release)
  return release
}

/** True when the promise is still pending after everything that is due has run. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  for (let turn = 0; turn < 5; turn += 1) {
    const tick = new Promise((resolve) => {
      setImmediate(resolve, pending)
    })
    if ((await Promise.race([promise, tick])) !== pending) return false
  }
  return true
}
