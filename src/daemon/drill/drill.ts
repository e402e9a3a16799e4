import { rm } from 'node:fs/promises'
import type { Event, Input } from '../../control/api.ts'
import { inSample, WHOLE } from '../../replica/verify/sample.ts'
import { Meter } from '../meter.ts'
import type { WorkerState } from '../state.ts'
import { Copies } from './copies.ts'
import { percentile, rtoOf } from './estimate.ts'
import { drillOne, type Drilled } from './one.ts'
import { makeScratch } from './scratch.ts'
import type { DrillSettings } from './settings.ts'
import { onlineAt, simulatorAt } from './target.ts'

type Told = Event<'backup.drill'>
type Summary = Extract<Told, { type: 'end' }>['summary']

type Parts = Pick<WorkerState, 'replica' | 'auth' | 'service' | 'storeHealth'>

/**
 * Proves restores for real: what is stored of each session is brought together as a recovery does,
 * put into a scratch state, and held against its source byte for byte. Claims nothing, and never
 * connects to WhatsApp: copies log in at a simulator alone.
 */
export async function drill(
  parts: Parts,
  settings: DrillSettings,
  input: Input<'backup.drill'>,
  emit: (event: Told) => void,
  signal: AbortSignal,
): Promise<void> {
  const { login } = input
  const own = login === undefined || login === 'own'
  const target = own ? login : await simulatorAt(login)
  const online = own ? new Set<string>() : await onlineAt(login)
  const ids = chosen(parts, input)
  const meter = new Meter(emit)
  meter.set({ what: 'sessions', total: ids.length })
  const began = performance.now()
  const dir = await makeScratch(settings.stateDir)
  const results: Drilled[] = []
  try {
    const copies = await Copies.start({ dir, login: target, timeoutMs: settings.timeoutMs })
    try {
      for (const id of ids) {
        signal.throwIfAborted()
        const result = await drillOne(parts, copies, id, online, signal)
        results.push(result)
        emit({ type: 'session', result })
        meter.step({ bytes: result.bytes ?? 0, failed: result.outcome === 'failed' })
      }
    } finally {
      await copies.close()
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  emit({ type: 'end', summary: summaryOf(parts, settings, results, performance.now() - began) })
}

function chosen({ service }: Parts, { sessions, sample }: Input<'backup.drill'>): string[] {
  const { roster } = service
  if (sessions !== undefined) return sessions.map((id) => roster.known(id).id)
  if (sample === undefined) return roster.ids()
  const size = Math.max(1, Math.round((WHOLE * sample) / 100))
  const from = Math.floor(Math.random() * WHOLE)
  const found = roster.ids().filter((id) => inSample({ from, size }, id))
  // Of a few sessions a small part may be none.
  return found.length > 0 ? found : roster.ids().slice(0, 1)
}

function summaryOf(
  parts: Parts,
  { restores, logins, loginRate }: DrillSettings,
  results: readonly Drilled[],
  tookMs: number,
): Summary {
  const restoreMs = results.flatMap(({ readMs, installMs }) =>
    readMs === undefined || installMs === undefined ? [] : readMs + installMs,
  )
  const loginMs = results.flatMap(({ loginMs: ms }) => ms ?? [])
  const of = (outcome: Drilled['outcome']) =>
    results.filter((result) => result.outcome === outcome).length
  const rpo = rpoOf(parts)
  const failed = results.filter(({ outcome }) => outcome === 'failed')
  const here = parts.auth.list().filter(({ paired }) => paired)
  const sessions = Math.max(here.length, of('restored'))
  return {
    sessions: results.length,
    restored: of('restored'),
    failed: of('failed'),
    nothing: of('nothing'),
    skipped: of('skipped'),
    loggedIn: loginMs.length,
    exchanged: results.filter(({ exchangeMs }) => exchangeMs !== undefined).length,
    bytes: results.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
    tookMs: Math.round(tookMs),
    restoreMs: spread(restoreMs),
    ...(loginMs.length > 0 && { loginMs: spread(loginMs) }),
    rto: rtoOf({ sessions, restoreMs, loginMs, restores, logins, loginRate }),
    rpo,
    atRisk: [
      ...failed.map(({ sessionId, detail = '' }) => ({ sessionId, why: detail })),
      ...rpo.neverStored.map((sessionId) => ({ sessionId, why: 'it was never stored' })),
      ...rpo.behind.map(({ sessionId, changes }) => ({
        sessionId,
        why: `${changes} changes are on this disk alone${rpo.ack === 'local' ? ', acknowledged to WhatsApp' : ''}`,
      })),
    ],
  }
}

function rpoOf({ auth, replica, storeHealth }: Parts): Summary['rpo'] {
  const { changes, oldestMs } = replica.lag()
  const linked = auth.list().filter(({ paired }) => paired)
  const stored = linked.filter(
    ({ storedSeq, confirmedEpoch }) => storedSeq > 0 && confirmedEpoch > 0,
  )
  return {
    ack: auth.ack,
    offHost: storeHealth.view.offHost,
    changes,
    oldestMs,
    behind: stored.flatMap(({ sessionId, seq, storedSeq }) =>
      seq > storedSeq ? { sessionId, changes: seq - storedSeq } : [],
    ),
    neverStored: linked.flatMap((one) => (stored.includes(one) ? [] : one.sessionId)),
  }
}

function spread(values: readonly number[]): Summary['restoreMs'] {
  return {
    p50: percentile(values, 0.5),
    p95: percentile(values, 0.95),
    max: Math.max(0, ...values),
  }
}
