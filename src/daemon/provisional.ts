import type { Logger } from 'pino'
import type { BaileysService } from '../whatsapp/service.ts'

interface Start {
  service: BaileysService
  logger: Logger
  signal: AbortSignal
  /** Settles when the object store answers, or never will. */
  usable: Promise<void>
  /** Resolves when it did not answer. */
  away: Promise<void>
}

/**
 * Runs the sessions whose state is on this disk while the object store is away at the start. They
 * are claimed by the first recovery after it answers, which closes those that it gives to others.
 */
export async function recoverProvisionally(start: Start): Promise<void> {
  const { service, logger, usable } = start
  const back = new AbortController()
  // Whether it failed is for the caller, who waits for it too.
  const settled = usable.then(
    () => back.abort(),
    () => back.abort(),
  )
  await Promise.race([settled, start.away])
  const sessions = service.warm()
  if (back.signal.aborted || sessions.length === 0) return
  logger.warn(
    { sessions: sessions.length },
    'the object store is away: sessions run provisionally, as they are on this disk',
  )
  const signal = AbortSignal.any([start.signal, back.signal])
  await service.recover(sessions, { trigger: 'provisional', provisional: true, signal })
}
