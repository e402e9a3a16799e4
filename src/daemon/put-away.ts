import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config/config.ts'
import { GatewayError } from '../session/errors.ts'
import type { PreservedSession } from '../session/report.ts'
import type { BaileysService } from '../whatsapp/service.ts'

/** Kept back from the shutdown budget for telling the backend and closing files. */
const CLOSING_MS = 1_500

export interface Stopped {
  /** Sessions that were open when the stop began. */
  open: number
  preserved: PreservedSession[]
  /** Sessions that were not put away before the deadline. */
  late: string[]
}

interface Work {
  service: BaileysService
  /** Settles when nothing opens a session any more. */
  before: Promise<void>
  /** Is filled as sessions are put away. */
  stopped: Stopped
}

/** Seals, stores and releases the sessions, as many as the time allows. */
export async function putAway(
  { service, before, stopped }: Work,
  { timeout, preserveSessions }: Config['shutdown'],
): Promise<void> {
  const open = service.roster.all().filter((runner) => runner.handle !== undefined)
  const waiting = new Set(open.map((runner) => runner.id))
  stopped.open = open.length
  const over = new AbortController()
  const preserve = async () => {
    await before
    await service.preserveSessionsForShutdown({
      store: preserveSessions,
      signal: over.signal,
      onPreserved: (session) => {
        stopped.preserved.push(session)
        waiting.delete(session.sessionId)
      },
    })
    return true
  }
  const budget = Math.max(timeout - CLOSING_MS, timeout / 2)
  const inTime = await Promise.race([preserve(), sleep(budget, false, { ref: false })])
  if (inTime) return
  stopped.late = [...waiting]
  over.abort(timeIsUp())
}

function timeIsUp(): GatewayError {
  return new GatewayError({
    code: 'interrupted',
    message: 'GRACEFUL_SHUTDOWN_TIMEOUT has passed',
  })
}
