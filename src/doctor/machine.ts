import { readFile } from 'node:fs/promises'
import { ask, check, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

export const node: Check = {
  id: 'node',
  title: 'Node',
  run: async () => judgeNode(process.versions.node),
}

/** The oldest in which nothing that is relied on was seen to be wrong. */
export function judgeNode(version: string): Finding {
  const [major = 0] = version.split('.').map(Number)
  if (major < 24) return fail(version, 'install Node 24 from https://nodejs.org')
  if (major % 2 === 1) return warn(`${version}, which gets no long support`, 'run Node 24')
  return pass(version)
}

export interface LimitFacts {
  /** The soft limit of open files; undefined where the system does not say. */
  limit: number | undefined
  whose: 'the daemon' | 'this shell'
  sessions: number
}

/** One socket a session, and what the rest of a worker has open at its busiest. */
const FILES_PER_SESSION = 1.2
const FILES_BESIDE = 300

export const fileLimit: Check = check<LimitFacts>({
  id: 'file-limit',
  title: 'Open files',
  async gather(context) {
    const status = await ask(context)
    const sessions = context.config.worker.maxSessions
    const pid = 'pid' in status ? String(status.pid) : 'self'
    const limit = await limitOf(pid)
    if (limit !== undefined || pid === 'self')
      return { limit, whose: pid === 'self' ? 'this shell' : 'the daemon', sessions }
    return { limit: await limitOf('self'), whose: 'this shell', sessions }
  },
  judge: judgeLimit,
})

async function limitOf(pid: string): Promise<number | undefined> {
  try {
    const limits = await readFile(`/proc/${pid}/limits`, 'utf8')
    const soft = /^Max open files +(\S+)/m.exec(limits)?.[1]
    return soft === 'unlimited' ? Infinity : Number(soft)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // Another user's process, or a system without /proc.
    if (code === 'EACCES' || code === 'EPERM' || code === 'ENOENT') return undefined
    throw error
  }
}

export function judgeLimit({ limit, whose, sessions }: LimitFacts): Finding {
  const wanted = Math.ceil(sessions * FILES_PER_SESSION) + FILES_BESIDE
  if (limit === undefined || Number.isNaN(limit)) return skip('this system does not say')
  const found = `${limit === Infinity ? 'no limit' : limit} for ${whose}, ${wanted} wanted for ${sessions} sessions`
  if (limit >= wanted) return pass(found)
  const fix = `set LimitNOFILE=${Math.max(65_536, wanted)} in the systemd unit, or run \`ulimit -n ${wanted}\` before starting it, or lower MAX_SESSIONS`
  return whose === 'the daemon' ? fail(found, fix) : warn(found, fix)
}
