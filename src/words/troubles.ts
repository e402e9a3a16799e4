import { cause, nextStep } from '../session/cause.ts'
import type { CauseId } from '../session/cause.ts'
import type { SessionView } from '../session/state.ts'
import { duration } from './time.ts'
import { why } from './why.ts'

/** Something that a person has to know of before all else, and what to do about it. */
export interface Trouble {
  what: string
  next: string
}

/** What a daemon tells of itself and of what it rests on. */
export interface Standing {
  store: { healthy: boolean; detail?: string; next?: string }
  shipping: { paused: boolean; lag: { changes: number; error?: string } }
  backend: {
    registered: boolean
    reach?: 'unknown' | 'up' | 'away' | 'denied'
    reachSince?: number
    lastError?: { call: string; message: string }
  }
  recovery: { paused: readonly { outage: 'whatsapp' | 'store'; cause: CauseId; since: number }[] }
  verify: { damaged: readonly string[] }
  copy?: { store: string; trouble?: { outcome: 'incomplete' | 'failed'; detail?: string } }
  sessions: readonly Pick<SessionView, 'id' | 'state' | 'cause' | 'detail'>[]
}

/** What is wrong with a worker, what stops most first; empty where all is well. Pure. */
export function troubles(status: Standing, now: number): Trouble[] {
  return [
    ...ofStore(status),
    ...ofPauses(status, now),
    ...ofShipping(status),
    ...ofBackend(status.backend, now),
    ...ofSessions(status),
    ...ofBackups(status),
  ]
}

function ofStore({ store }: Standing): Trouble[] {
  const { healthy, detail = 'it does not answer', next } = store
  // One that was not asked yet has no advice.
  if (healthy || next === undefined) return []
  return [{ what: `the object store fails: ${detail}`, next }]
}

function ofPauses({ store, recovery }: Standing, now: number): Trouble[] {
  return recovery.paused
    .filter(({ outage }) => outage !== 'store' || store.healthy)
    .map((pause) => {
      const what = pause.outage === 'store' ? 'restores' : 'logins'
      const { words, next } = cause(pause.cause)
      return { what: `all ${what} wait for ${duration(now - pause.since)}: ${words}`, next }
    })
}

function ofShipping({ store, shipping: { paused, lag } }: Standing): Trouble[] {
  const found: Trouble[] = []
  if (lag.error !== undefined && store.healthy)
    found.push({
      what: `${lag.changes} changes are not stored: ${lag.error}`,
      next: 'see `wa-gateway logs --level warn`; it is tried again by itself',
    })
  if (paused)
    found.push({
      what: 'sessions read nothing: too much waits for the object store',
      next: 'see why the store is slow or away; WA_GATEWAY_BACKLOG_LIMIT is the limit',
    })
  return found
}

function ofBackend(
  { registered, reach, reachSince, lastError }: Standing['backend'],
  now: number,
): Trouble[] {
  const since = reachSince === undefined ? '' : ` for ${duration(now - reachSince)}`
  const said = lastError === undefined ? '' : `: ${lastError.message}`
  if (reach === 'denied')
    return [
      {
        what: `the backend refuses this worker${since}${said}`,
        next: 'check WORKER_AUTH_TOKEN and WORKER_ID; sessions go on',
      },
    ]
  if (reach === 'away')
    return [
      {
        what: `the backend is away${since}${said}`,
        next: 'check the backend, its log and BACKEND_URL; sessions go on, and the worker keeps asking',
      },
    ]
  if (registered || lastError === undefined) return []
  return [
    {
      what: `the backend has not registered this worker${said}`,
      next: 'check BACKEND_URL and the log of the backend; sessions go on',
    },
  ]
}

/** States that a session does not leave by itself, or not soon. */
const STUCK = new Set(['failed', 'needs-pairing', 'banned', 'conflict'])
/** Those of a store that fails, which is told already. */
const OF_STORE = new Set<CauseId | undefined>(['store-unavailable', 'store-refused'])
const NAMED = 3

/** Once for all that have the same cause. */
function ofSessions({ store, sessions }: Standing): Trouble[] {
  const stuck = sessions.filter(
    (view) => STUCK.has(view.state) && (store.healthy || !OF_STORE.has(view.cause)),
  )
  const groups = Map.groupBy(stuck, (view) => view.cause ?? view.state)
  return [...groups.values()].map((group) => {
    const [first] = group
    if (first === undefined) throw new Error('a group is never empty')
    if (group.length === 1)
      return {
        what: `${first.id} is ${first.state}: ${why(first) ?? 'no reason is known'}`,
        next: first.cause === undefined ? look(first.id) : nextStep(first.cause, first.id),
      }
    const named = group.slice(0, NAMED).map(({ id }) => id)
    const rest = group.length > NAMED ? ', …' : ''
    const words = first.cause === undefined ? first.state : cause(first.cause).words
    const next = look(first.id)
    return { what: `${group.length} sessions: ${words} (${named.join(', ')}${rest})`, next }
  })
}

const look = (id: string) => `see \`wa-gateway status --why ${id}\``

function ofBackups({ verify: { damaged }, copy }: Standing): Trouble[] {
  const found: Trouble[] = []
  const [first] = damaged
  if (first !== undefined)
    found.push({
      what: `what is stored of ${damaged.slice(0, NAMED).join(', ')}${damaged.length > NAMED ? `, and ${damaged.length - NAMED} more,` : ''} is damaged`,
      next: `run \`wa-gateway backup verify --session ${first}\``,
    })
  if (copy?.trouble !== undefined)
    found.push({
      what: `the copy at ${copy.store} ${copy.trouble.outcome === 'failed' ? 'fails' : 'is incomplete'}: ${copy.trouble.detail ?? 'the log says why'}`,
      next: 'see `wa-gateway doctor --only second-site`',
    })
  return found
}
