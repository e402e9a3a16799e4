import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, rmdir, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import type { PutOutcome } from './port.ts'
import { isErrno, unsureError } from './folder-errors.ts'
import { ancestors, objectPath, WORK_DIRECTORY } from './folder-paths.ts'

/**
 * One object is a directory holding one version directory, named by the version's etag, which
 * holds the bytes in a file of that same name:
 *
 *     <object>=/<etag>/<etag>
 *
 * - Create: build the three levels in the work directory, then rename them to `<object>=`. The
 *   rename fails where a non-empty directory is: put-if-absent.
 * - Swap A for P: write the bytes as `<object>=/A/P`, which nobody reads yet, then rename the
 *   directory A to P. The rename fails for all but one, since A is gone: compare-and-swap.
 * - Remove: rename `<object>=` into the work directory, then delete it there.
 *
 * Each rename is the one moment at which the object changes, for other processes and across a
 * crash alike; there is no lock that a killed process could leave behind. An etag is 128 random
 * bits, so none ever comes back and a writer that slept through removal and re-creation loses.
 */
const newEtag = (): string => randomBytes(16).toString('hex')

/** Names the process that made it, so that a sweep leaves a live one's work alone. */
export const PROCESS_TOKEN = randomBytes(4).toString('hex')
const workName = (kind: 'new' | 'gone'): string =>
  `${process.pid}-${PROCESS_TOKEN}-${newEtag()}.${kind}`

const ATTEMPTS = 50

/**
 * Calls `visit` with the current version's path until one look holds still; undefined where there
 * is no object. `visit` throws ENOENT when a writer replaced the version meanwhile.
 */
export async function withCurrent<T>(
  object: string,
  visit: (etag: string, file: string) => Promise<T>,
): Promise<T | undefined> {
  for (let look = 0; look < ATTEMPTS;) {
    const etags = await directoryEntries(object)
    if (etags === undefined) return undefined
    // A directory without a version is never left behind by a write; look again before saying so.
    if (etags.length === 0) look += 1
    for (const etag of etags) {
      try {
        return await visit(etag, join(object, etag, etag))
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error
        // Replaced between the two looks, or its file is missing; only the latter repeats for ever.
        if ((await directoryEntries(join(object, etag))) !== undefined) look += 1
      }
    }
  }
  throw new GatewayError({
    code: 'store.unavailable',
    message: `the object directory ${object} holds no complete version`,
    subject: object,
    hint: 'something other than the gateway changed it: move it away, or bring it back from a backup',
  })
}

export async function createObject(
  root: string,
  name: string,
  bytes: Uint8Array,
): Promise<PutOutcome> {
  const object = objectPath(root, name)
  if ((await directoryEntries(object)) !== undefined) return { kind: 'conflict' }
  const outcome = await placeVersion(root, object, bytes)
  if (outcome.kind === 'conflict') return outcome
  try {
    // All of them: another process may have made one and not synced it yet.
    for (const directory of ancestors(root, name).toReversed()) await syncDirectory(directory)
  } catch (error) {
    // A remove may take the object and its emptied parents away at once.
    if (!isErrno(error, 'ENOENT')) throw unsureError(error, root, name)
  }
  return outcome
}

async function placeVersion(root: string, object: string, bytes: Uint8Array): Promise<PutOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await placeOnce(join(root, WORK_DIRECTORY, workName('new')), object, bytes)
    } catch (error) {
      // A remove took the emptied parent away, or a sweep this work while the process slept.
      if (!isErrno(error, 'ENOENT') || attempt === ATTEMPTS) throw error
    }
  }
}

async function placeOnce(work: string, object: string, bytes: Uint8Array): Promise<PutOutcome> {
  const etag = newEtag()
  const version = join(work, etag)
  try {
    // One by one: where the work directory is not, the folder is not either.
    await mkdir(work, { mode: 0o700 })
    await mkdir(version, { mode: 0o700 })
    await writeDurably(join(version, etag), bytes)
    await syncDirectory(version)
    await syncDirectory(work)
    await mkdir(dirname(object), { recursive: true, mode: 0o700 })
  } catch (error) {
    await discard(work)
    throw error
  }
  try {
    await rename(work, object)
    return { kind: 'stored', etag }
  } catch (error) {
    await discard(work)
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return { kind: 'conflict' }
    throw error
  }
}

export async function swapObject(
  root: string,
  name: string,
  bytes: Uint8Array,
  expected: string,
): Promise<PutOutcome> {
  const object = objectPath(root, name)
  const etag = newEtag()
  const before = join(object, expected)
  const after = join(object, etag)
  // Held open across the renames: what must be synced may have been moved by a remove meanwhile.
  const held = await openDirectories(object, before)
  if (held === undefined) return { kind: 'conflict' }
  try {
    let superseded: string[]
    try {
      await writeDurably(join(before, etag), bytes)
      await held.version.sync()
      superseded = await readdir(before)
      await rename(before, after)
    } catch (error) {
      await forget(object, etag)
      if (isErrno(error, 'ENOENT')) return { kind: 'conflict' }
      throw error
    }
    try {
      await held.object.sync()
    } catch (error) {
      throw unsureError(error, root, name)
    }
    // What lay there before the rename is the old version and proposals that have lost by it.
    // A file that came later may be a proposal for the new version: it stays.
    await unlinkAll(superseded.filter((file) => file !== etag).map((file) => join(after, file)))
    return { kind: 'stored', etag }
  } finally {
    await held.version.close()
    await held.object.close()
  }
}

export async function removeObject(root: string, name: string): Promise<void> {
  const object = objectPath(root, name)
  const work = join(root, WORK_DIRECTORY, workName('gone'))
  try {
    await rename(object, work)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return
    throw error
  }
  try {
    await syncDirectory(dirname(object))
  } catch (error) {
    // Another remove took the emptied parent away: the object is gone with it.
    if (!isErrno(error, 'ENOENT')) throw unsureError(error, root, name)
  }
  await discard(work)
  for (const directory of ancestors(root, name).slice(1).toReversed()) {
    try {
      await rmdir(directory)
    } catch (error) {
      if (isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) return
      throw error
    }
  }
}

/** The entries, or undefined where the directory is not. */
export async function directoryEntries(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Deletes work in progress. What cannot be deleted now stays for the sweep. */
export async function discard(work: string): Promise<void> {
  try {
    await rm(work, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    // A writer that resolved its path before the removal may still add a file; EIO shows elsewhere.
    if (!isErrno(error, 'ENOTEMPTY', 'EIO', 'EACCES', 'EPERM')) throw error
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function openDirectories(
  object: string,
  version: string,
): Promise<{ object: FileHandle; version: FileHandle } | undefined> {
  let first: FileHandle | undefined
  try {
    first = await open(object, 'r')
    return { object: first, version: await open(version, 'r') }
  } catch (error) {
    await first?.close()
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}

/** Takes back a proposal that lost or could not be written, wherever its directory went. */
async function forget(object: string, etag: string): Promise<void> {
  const versions = (await directoryEntries(object)) ?? []
  await unlinkAll(versions.map((version) => join(object, version, etag)))
}

async function unlinkAll(files: string[]): Promise<void> {
  for (const file of files) {
    try {
      await unlink(file)
    } catch (error) {
      // Gone already, or moved: the next swap of this object lists and deletes it.
      if (!isErrno(error, 'ENOENT', 'EIO', 'EACCES', 'EPERM')) throw error
    }
  }
}
