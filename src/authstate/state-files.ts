import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Creates the directory with mode 0700, or gives an existing one that mode. */
export function ensurePrivateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
}

/** Creates the file with mode 0600, or gives an existing one that mode. SQLite's -wal and -shm take it over. */
export function createPrivateFile(path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

/** Makes the names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** A name in `quarantine/` that nothing has yet: `<name>-<UTC time>[-<n>].db`. */
export function quarantinePath(stateDir: string, name: string, now: Date): string {
  const directory = join(stateDir, 'quarantine')
  ensurePrivateDirectory(directory)
  const time = now.toISOString().replaceAll(/[-:.]/g, '')
  for (let n = 1; ; n += 1) {
    const path = join(directory, `${name}-${time}${n === 1 ? '' : `-${n}`}.db`)
    if (!existsSync(path)) return path
  }
}

const PARTS = ['', '-wal', '-shm']

/**
 * Sets a SQLite file with its log aside. All parts get their new names before one loses its old
 * one: a crash in between leaves everything in both places or in the new one.
 */
export function moveAside(file: string, to: string): void {
  const parts = PARTS.filter((part) => existsSync(file + part))
  for (const part of parts) linkSync(file + part, to + part)
  syncDirectory(dirname(to))
  for (const part of parts) rmSync(file + part)
  syncDirectory(dirname(file))
}
