import type { Result } from '../../src/control/api.ts'
import { duration } from '../../src/words/time.ts'

type Backend = Result<'status'>['backend']

/** What `status` says of the backend, of where its list came from and of what waits for it. */
export function backendFields(backend: Backend, now: number): [string, string][] {
  const fields: [string, string][] = [['backend', standing(backend, now)]]
  if (backend.kind === 'standalone') return fields
  if (backend.assigned !== undefined) fields.push(['assigned', assigned(backend.assigned, now)])
  const waiting = backend.outbox === undefined ? undefined : outbox(backend.outbox, now)
  if (waiting !== undefined) fields.push(['outbox', waiting])
  return fields
}

function standing(
  { kind, registered, reach, reachSince, lastError }: Backend,
  now: number,
): string {
  if (kind === 'standalone') return 'none (standalone)'
  const state = registered ? 'registered' : 'NOT registered'
  const since = reachSince === undefined ? '' : ` for ${duration(now - reachSince)}`
  const trouble =
    reach === 'denied'
      ? `; the TOKEN IS REFUSED${since}: check WORKER_AUTH_TOKEN`
      : reach === 'away'
        ? `; AWAY${since}`
        : ''
  if (lastError === undefined || (trouble === '' && registered)) return `${state}${trouble}`
  const { call, at, message } = lastError
  return `${state}${trouble}; ${call} failed ${duration(now - at)} ago: ${message}`
}

function assigned({ source, at, unlisted }: NonNullable<Backend['assigned']>, now: number): string {
  const age = at === undefined ? 'never given' : `given ${duration(now - at)} ago`
  const from = source === 'cache' ? `from memory: the backend's list was ${age}` : `list ${age}`
  if (unlisted.length === 0) return from
  return `${from}; not listed, but running here: ${unlisted.join(', ')}`
}

/** Undefined where nothing waits and nothing was lost. */
function outbox(view: NonNullable<Backend['outbox']>, now: number): string | undefined {
  const { waiting, oldestAt, dropped, refused, lastRefusal, lastError } = view
  const parts: string[] = []
  if (waiting > 0) {
    const age = oldestAt === undefined ? '' : `, the oldest for ${duration(now - oldestAt)}`
    parts.push(`${waiting} to tell${age}${lastError === undefined ? '' : `: ${lastError.message}`}`)
  }
  if (refused > 0) {
    const last = lastRefusal === undefined ? '' : `, the last: ${lastRefusal.message}`
    parts.push(`${refused} REFUSED${last}`)
  }
  if (dropped > 0) parts.push(`${dropped} DROPPED for want of room`)
  return parts.length === 0 ? undefined : parts.join('; ')
}
