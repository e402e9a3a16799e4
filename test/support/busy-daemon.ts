/*
 * A daemon of which only the control API is real, with many sessions that change their states. As a
 * program: `node test/support/busy-daemon.ts SOCKET SESSIONS CHANGES_A_SECOND`; it ends with its
 * stdin. The seed is fixed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Event } from '../../src/control/api.ts'
import type { CauseId } from '../../src/session/cause.ts'
import type { SessionState, SessionView } from '../../src/session/state.ts'
import { startFakeDaemon, type FakeDaemon } from './fake-daemon.ts'
import { session, VERSION } from './fake-methods.ts'
import { seeded } from './random.ts'

const STATES: [SessionState, CauseId?][] = [
  ['online'],
  ['online'],
  ['online'],
  ['online'],
  ['reconnecting', 'connection-lost'],
  ['connecting'],
  ['failed', 'damaged'],
  ['needs-pairing', 'logged-out'],
]

export interface Churn {
  /** Changes so many sessions. */
  change: (count: number) => void
  /** A session is like this now. */
  put: (view: SessionView) => void
}

/** Makes sessions `shop-0000` on. */
export function busy(daemon: FakeDaemon, sessions: number): Churn {
  const random = seeded(1)
  const listeners = new Set<(event: Event<'events'>) => void>()
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]
  const made = (id: string, since = Date.now()): SessionView => {
    const [state, cause] = pick(STATES) ?? ['online']
    return session(id, {
      state,
      since,
      phone: `49170${id.slice(5)}000`,
      seq: 40,
      storedSeq: 40 - Math.floor(random() * 3),
      ...(cause !== undefined && { cause }),
    })
  }
  const ids = Array.from({ length: sessions }, (_, n) => `shop-${String(n).padStart(4, '0')}`)
  daemon.sessions.clear()
  const before = Date.now() - 3_600_000
  for (const id of ids) daemon.sessions.set(id, made(id, before))
  daemon.methods.events = async (_, { emit, signal }) => {
    listeners.add(emit)
    await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
    listeners.delete(emit)
  }
  const put = (view: SessionView) => {
    daemon.sessions.set(view.id, view)
    for (const tell of listeners) tell({ type: 'session', view })
  }
  const change = (count: number) => {
    for (let n = 0; n < count; n++) put(made(pick(ids) ?? ''))
  }
  return { change, put }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [socketPath, sessions = '1000', rate = '200'] = process.argv.slice(2)
  await using daemon = await startFakeDaemon(VERSION, undefined, socketPath)
  const { change } = busy(daemon, Number(sessions))
  const over = new AbortController()
  process.stdin.on('end', () => over.abort()).resume()
  process.stdout.write(`${daemon.socketPath}\n`)
  // In steps of 50 ms, catching up with the clock.
  const began = performance.now()
  for (let done = 0; !over.signal.aborted;) {
    const due = Math.floor(((performance.now() - began) / 1_000) * Number(rate))
    change(due - done)
    done = due
    await sleep(50)
  }
}
