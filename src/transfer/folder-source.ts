import { lstat, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import { keyOf } from './file-names.ts'
import { PORTABLE_END, portableSession } from './portable-source.ts'
import type { Unlock } from './portable.ts'
import { readStably, type Shelf } from './read-stably.ts'
import type { Source, SourceSession } from './source.ts'

/** Folders within folders: `backups/2025/sessions/<id>/`. */
const DEEPEST = 6

/**
 * What lies at a path: a multi-file folder, a portable file, or a tree with any number of both. A
 * session is called like its folder. Links within the tree are not followed.
 */
export async function folderSource(path: string, unlock: Unlock): Promise<Source> {
  const root = resolve(path)
  const found = await stat(root).catch((cause: unknown) => {
    throw new GatewayError({
      code: 'usage',
      subject: path,
      message: `${path} cannot be read`,
      hint: 'name a folder that useMultiFileAuthState wrote, a tree of them, or a portable file',
      cause,
    })
  })
  return {
    label: root,
    sessions: (signal) =>
      found.isDirectory() ? walk(root, unlock, signal, 0) : one(portableSession(root, unlock)),
  }
}

async function* one(session: SourceSession): AsyncGenerator<SourceSession> {
  yield session
}

async function* walk(
  folder: string,
  unlock: Unlock,
  signal: AbortSignal,
  depth: number,
): AsyncGenerator<SourceSession> {
  signal.throwIfAborted()
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
  // Keys without creds are a session too: it is said what is missing.
  if (files.some((name) => keyOf(name).kind === 'key')) yield multiFileSession(folder)
  for (const name of files.toSorted())
    if (name.endsWith(PORTABLE_END)) yield portableSession(join(folder, name), unlock)
  if (depth === DEEPEST) return
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
  for (const { name } of folders.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
    yield* walk(join(folder, name), unlock, signal, depth + 1)
}

function multiFileSession(folder: string): SourceSession {
  return {
    id: basename(folder),
    place: folder,
    read: (signal) => readStably(shelfOf(folder), signal),
  }
}

function shelfOf(folder: string): Shelf {
  return {
    async look() {
      const stamps = new Map<string, string>()
      const entries = await readdir(folder, { withFileTypes: true })
      for (const { name } of entries.filter((entry) => entry.isFile())) {
        const { size, mtimeNs, ino } = await lstat(join(folder, name), { bigint: true })
        stamps.set(name, `${size} ${mtimeNs} ${ino}`)
      }
      return stamps
    },
    take: (name, signal) => readFile(join(folder, name), { signal }),
  }
}
