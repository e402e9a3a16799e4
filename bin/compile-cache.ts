import { mkdirSync, statSync, type Stats } from 'node:fs'
import { enableCompileCache } from 'node:module'

/**
 * Modules are compiled once for each user, not at each start. What lies in the cache is run: it is used
 * where nobody else can have filled it, so not by root in the home of somebody, as after `sudo`.
 */
export function rememberCompiled({ HOME, XDG_CACHE_HOME }: NodeJS.ProcessEnv): void {
  const above = XDG_CACHE_HOME || HOME
  if (!above?.startsWith('/')) return
  const cache = XDG_CACHE_HOME || `${HOME}/.cache`
  const dir = `${cache}/wa-gateway`
  const uid = process.geteuid?.() ?? -1
  try {
    if (!isOwn(statSync(above), uid)) return
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (![cache, dir].every((path) => isOwn(statSync(path), uid))) return
  } catch (error) {
    // A home that is missing, read-only or full: it does without.
    if (error instanceof Error && 'syscall' in error) return
    throw error
  }
  enableCompileCache(dir)
}

/** Whether the user alone can put something there. */
export function isOwn({ uid, mode }: Pick<Stats, 'uid' | 'mode'>, user: number): boolean {
  return uid === user && (mode & 0o022) === 0
}
