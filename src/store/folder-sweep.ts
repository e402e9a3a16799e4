import { rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isErrno } from './folder-errors.ts'
import { directoryEntries, discard, PROCESS_TOKEN } from './folder-object.ts'
import { WORK_DIRECTORY } from './folder-paths.ts'

const MINUTE = 60_000
const ABANDONED_AFTER = 10 * MINUTE
/** A process number may belong to somebody else by now, or to another container. */
const ABANDONED_EVEN_IF_ALIVE = 24 * 60 * MINUTE

/** Deletes work that a crash left: old enough, and of no process that lives. */
export async function sweepWork(root: string, now: number): Promise<void> {
  const directory = join(root, WORK_DIRECTORY)
  for (const entry of (await directoryEntries(directory)) ?? []) {
    const work = join(directory, entry)
    const age = await ageOf(work, now)
    if (age === undefined || !isAbandoned(entry, age, isAlive)) continue
    try {
      // Its maker may yet wake and rename it into place: whoever renames it first has it whole.
      await rename(work, `${work}.swept`)
    } catch (error) {
      if (isErrno(error, 'ENOENT')) continue
      throw error
    }
    await discard(`${work}.swept`)
  }
}

/** `entry` is `<pid>-<token>-<random>.<kind>`; age in milliseconds. */
export function isAbandoned(entry: string, age: number, alive: (pid: number) => boolean): boolean {
  if (age < ABANDONED_AFTER) return false
  if (age >= ABANDONED_EVEN_IF_ALIVE) return true
  const [pid, token] = entry.split('-')
  if (Number(pid) === process.pid) return token !== PROCESS_TOKEN
  return !alive(Number(pid))
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

async function ageOf(path: string, now: number): Promise<number | undefined> {
  try {
    // ctime: a rename into the work directory counts as its beginning.
    return now - (await stat(path)).ctimeMs
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
