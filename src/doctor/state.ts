import { constants } from 'node:fs'
import { access, open, readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectRegistry } from '../registry/inspect.ts'
import { check, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

export interface DirectoryFacts {
  path: string
  there: boolean
  writable: boolean
  /** Permission bits. */
  mode: number
  /** What was found damaged and set aside. */
  quarantined: number
}

export const stateDirectory: Check = check<DirectoryFacts>({
  id: 'state-directory',
  title: 'State directory',
  async gather({ config }) {
    const path = config.stateDir
    const found = await orAbsent(stat(path))
    if (found === undefined) return { path, there: false, writable: false, mode: 0, quarantined: 0 }
    const aside = await orAbsent(readdir(join(path, 'quarantine')))
    return {
      path,
      there: true,
      writable: await mayWrite(path),
      mode: found.mode & 0o777,
      quarantined: aside?.length ?? 0,
    }
  },
  judge: judgeDirectory,
})

export function judgeDirectory(facts: DirectoryFacts): Finding {
  const { path, there, writable, mode, quarantined } = facts
  if (!there)
    return warn(
      `${path} is not there yet`,
      'the daemon makes it; if it ran here before, see WA_GATEWAY_STATE_DIR and STATE_DIRECTORY',
    )
  if (!writable)
    return fail(`this user may not write ${path}`, `run as the daemon's user, or chown ${path}`)
  if ((mode & 0o077) !== 0)
    return warn(
      `${path} has mode ${mode.toString(8)}: others may enter, and it holds keys`,
      `chmod 700 ${path}`,
    )
  if (quarantined > 0)
    return warn(
      `${path}/quarantine holds ${quarantined} damaged or replaced state`,
      'nothing needs it once the sessions are online: then it may be deleted',
    )
  return pass(path)
}

export interface SpaceFacts {
  path: string
  /** Bytes. */
  free: number
  total: number
  /** Magic number of the file system. */
  type: number
}

const MIB = 1024 ** 2
const GIB = 1024 ** 3
/** NFS, SMB, SMB2, Ceph: locks and syncs of a network are not those of a disk. */
const NETWORK = new Set([0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x00c36400])

export const diskSpace: Check = check<SpaceFacts | undefined>({
  id: 'disk-space',
  title: 'Disk space',
  async gather({ config }) {
    const found = await orAbsent(statfs(config.stateDir))
    if (found === undefined) return undefined
    const { bavail, blocks, bsize, type } = found
    return { path: config.stateDir, free: bavail * bsize, total: blocks * bsize, type }
  },
  judge: (facts) =>
    facts === undefined ? skip('there is no state directory yet') : judgeSpace(facts),
})

export function judgeSpace({ path, free, total, type }: SpaceFacts): Finding {
  const found = `${gib(free)} of ${gib(total)} free`
  if (NETWORK.has(type))
    return fail(
      `${path} is on a network file system, whose locks and syncs cannot be relied on`,
      'set WA_GATEWAY_STATE_DIR to a local disk',
    )
  const fix = `free space on the file system of ${path}: a full disk stops the daemon`
  if (free < 200 * MIB) return fail(found, fix)
  return free < 2 * GIB ? warn(found, fix) : pass(found)
}

const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`

export interface SyncFacts {
  /** Milliseconds of each write that was synced. */
  took: readonly number[]
}

const SYNCS = 12

export const diskSync: Check = check<SyncFacts | 'full' | undefined>({
  id: 'disk-sync',
  title: 'Disk syncs',
  async gather({ config }) {
    if ((await orAbsent(stat(config.stateDir))) === undefined) return undefined
    const path = join(config.stateDir, `.doctor-${process.pid}`)
    const file = await open(path, 'wx', 0o600)
    try {
      const took: number[] = []
      for (let n = 0; n < SYNCS; n++) {
        const began = performance.now()
        await file.write(Buffer.alloc(4_096, n))
        await file.datasync()
        took.push(performance.now() - began)
      }
      return { took }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return 'full'
      throw error
    } finally {
      await file.close()
      await rm(path)
    }
  },
  judge: (facts) => {
    if (facts === undefined) return skip('there is no state directory yet')
    return facts === 'full'
      ? skip('the disk is full: see the check of its space')
      : judgeSyncs(facts)
  },
})

/** Every acknowledged message waits for one sync, which all sessions share. */
export function judgeSyncs({ took }: SyncFacts): Finding {
  const median = took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0
  const found = `${median.toFixed(1)} ms a sync, ${Math.round(1_000 / Math.max(median, 0.01))} a second`
  const fix =
    'use a local SSD for WA_GATEWAY_STATE_DIR, and see what else writes to it (`iostat -x 1`)'
  if (median > 500) return fail(found, fix)
  return median > 50 ? warn(found, fix) : pass(found)
}

export const registry: Check = check<{ file: string; sessions: number | undefined }>({
  id: 'registry',
  title: 'Registry',
  async gather({ config }) {
    const { file } = config.registry
    if ((await orAbsent(stat(file))) === undefined) return { file, sessions: undefined }
    return { file, ...inspectRegistry(file) }
  },
  judge: ({ file, sessions }) =>
    sessions === undefined
      ? skip(`${file} is not there yet; the daemon makes it`)
      : pass(`${file} is sound, ${sessions} sessions`),
})

async function mayWrite(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false
    throw error
  }
}

async function orAbsent<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
