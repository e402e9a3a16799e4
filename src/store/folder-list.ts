import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { directoryEntries, withCurrent } from './folder-object.ts'
import { OBJECT_MARK } from './folder-paths.ts'
import { splitPrefix } from './names.ts'
import type { ListedObject } from './port.ts'

/** Entries that are looked at together. */
const BATCH = 32

/** An object's key is its own last part, a directory's has the '/' that its names go on with. */
type Entry = { key: string; kind: 'object' | 'directory' }

/** One directory's names are in memory at a time, plus those of its parents. */
export async function* listObjects(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  const { directory, rest } = splitPrefix(prefix)
  yield* walk(root, directory, rest, signal)
}

export async function* listNextParts(
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  let last: string | undefined
  const entries = await sortedEntries(root, prefix, '')
  const parts = entries.map((entry) => ({ ...entry, part: entry.key.replace(/\/$/, '') }))
  // By part: an object `a` and a directory `a/` are one, and `a-b` sorts behind them both.
  parts.sort((one, other) => compareBytes(one.part, other.part))
  for (let start = 0; start < parts.length; start += BATCH) {
    const batch = parts.slice(start, start + BATCH)
    const held = await Promise.all(
      batch.map(async ({ key, kind }) => kind === 'object' || holdsObject(root, `${prefix}${key}`)),
    )
    for (const [index, { part }] of batch.entries()) {
      signal?.throwIfAborted()
      if (part === last || held[index] !== true) continue
      last = part
      yield part
    }
  }
}

async function* walk(
  root: string,
  directory: string,
  startsWith: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject> {
  const entries = await sortedEntries(root, directory, startsWith)
  for (let start = 0; start < entries.length; start += BATCH) {
    signal?.throwIfAborted()
    const batch = entries.slice(start, start + BATCH)
    const stated = await Promise.all(
      batch.map(async ({ key, kind }) =>
        kind === 'object' ? describe(root, `${directory}${key}`) : undefined,
      ),
    )
    for (const [index, entry] of batch.entries()) {
      signal?.throwIfAborted()
      const object = stated[index]
      if (entry.kind === 'directory') yield* walk(root, `${directory}${entry.key}`, '', signal)
      else if (object !== undefined) yield object
    }
  }
}

async function describe(root: string, name: string): Promise<ListedObject | undefined> {
  return withCurrent(join(root, name) + OBJECT_MARK, async (_, file) => {
    const { size, mtimeMs } = await stat(file)
    return { name, size, modified: Math.floor(mtimeMs) }
  })
}

/** Parents of removed objects may be left empty by a crash; they are no part of any name. */
async function holdsObject(root: string, directory: string): Promise<boolean> {
  const entries = await sortedEntries(root, directory, '')
  if (entries.some(({ kind }) => kind === 'object')) return true
  for (const { key } of entries) if (await holdsObject(root, `${directory}${key}`)) return true
  return false
}

async function sortedEntries(
  root: string,
  directory: string,
  startsWith: string,
): Promise<Entry[]> {
  const names = (await directoryEntries(join(root, directory))) ?? []
  return names
    .filter((name) => !name.startsWith(OBJECT_MARK) && name.startsWith(startsWith))
    .map((name): Entry =>
      name.endsWith(OBJECT_MARK)
        ? { key: name.slice(0, -OBJECT_MARK.length), kind: 'object' }
        : { key: `${name}/`, kind: 'directory' },
    )
    .toSorted((one, other) => compareBytes(one.key, other.key))
}

/** Names are ASCII, so code units are bytes. */
function compareBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
