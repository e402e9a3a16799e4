import type { Logger } from 'pino'
import type { FleetConnection, FleetDirectory, FleetSession } from '../fleet/port.ts'
import { isSessionId } from '../session/ids.ts'
import type { Registry, SessionPatch, SessionRecord } from '../registry/port.ts'

/** A start waits so long at most for what the directory remembers. */
const PATIENCE_MS = 5_000

interface TakeBackPorts {
  directory: FleetDirectory
  registry: Pick<Registry, 'list' | 'save'>
  worker: string
  logger: Logger
  patienceMs?: number
}

/**
 * A worker whose registry is empty, as after a lost disk, takes what is remembered of its sessions
 * from the fleet's directory: their names, and which are paused. A row that is here is never touched.
 * While the directory is away the worker starts without, and says so: false.
 */
export async function takeBack(ports: TakeBackPorts): Promise<boolean> {
  const { directory, registry, worker, logger, patienceMs = PATIENCE_MS } = ports
  if ((await registry.list()).length > 0) return true
  const late = AbortSignal.timeout(patienceMs)
  let remembered: FleetSession[]
  try {
    remembered = (await ask(directory, worker, late)).filter(isUsable)
  } catch (error) {
    logger.warn(
      { err: late.aborted ? undefined : error, database: directory.label },
      'this disk knows no sessions, and the fleet directory does not answer: sessions that were paused are started',
    )
    return false
  }
  for (const session of remembered) await registry.save(session.id, patchOf(session))
  if (remembered.length === 0) return true
  const paused = remembered.filter(({ desired }) => desired === 'paused').length
  logger.info(
    { sessions: remembered.length, paused, database: directory.label },
    'this disk knew no sessions; the fleet directory did',
  )
  return true
}

async function ask(
  directory: FleetDirectory,
  worker: string,
  signal: AbortSignal,
): Promise<FleetSession[]> {
  const connection = await directory.connect('read', signal)
  try {
    return await connection.sessions({ worker })
  } finally {
    await connection.close()
  }
}

/** Whoever can write there, or a newer version, may have put anything. */
function isUsable({ id, desired, assignedBy }: FleetSession): boolean {
  return (
    isSessionId(id) &&
    (desired === 'running' || desired === 'paused') &&
    (assignedBy === 'backend' || assignedBy === 'local')
  )
}

function patchOf(session: FleetSession): SessionPatch {
  const { userId, name, phone, desired, assignedBy, pairedAt, lastOnlineAt, lastActivityAt } =
    session
  return { userId, name, phone, desired, assignedBy, pairedAt, lastOnlineAt, lastActivityAt }
}

/**
 * Sessions that the directory remembers as paused and that run here because it was away when this
 * worker started: what is published next would forget that.
 */
export async function pausedOnce(
  connection: Pick<FleetConnection, 'sessions'>,
  worker: string,
  desired: (sessionId: string) => SessionRecord['desired'] | undefined,
): Promise<string[]> {
  const remembered = await connection.sessions({ worker })
  return remembered
    .filter((session) => session.desired === 'paused' && desired(session.id) === 'running')
    .map(({ id }) => id)
}
