import type { Result } from '../../src/control/api.ts'
import { CAUSES, type CauseId } from '../../src/session/cause.ts'
import { harmless } from '../../src/words/text.ts'
import { duration } from '../../src/words/time.ts'
import { renderTable } from './table.ts'

type Worker = Result<'fleet.workers'>['workers'][number]
type Session = Result<'fleet.sessions'>['sessions'][number]

export function renderWorkers(
  { database, workers }: Result<'fleet.workers'>,
  columns?: number,
): string {
  if (workers.length === 0) return `no worker has published to ${database} yet\n`
  const rows = workers.map((worker) => [
    worker.worker,
    standing(worker),
    sessionsOf(worker),
    `${duration(worker.silentMs)} ago`,
    worker.version,
    worker.host,
  ])
  const table = renderTable(
    ['WORKER', 'STATE', 'SESSIONS', 'LAST SEEN', 'VERSION', 'HOST'],
    rows,
    columns,
  )
  return table + advice(workers)
}

function standing({ standing: how, ready, silentMs }: Worker): string {
  if (how === 'silent') return `SILENT for ${duration(silentMs)}`
  if (how === 'stopped') return 'stopped'
  return ready ? 'running' : 'running, not ready'
}

/** By state, the most first; of a worker that is not heard, how many are still listed as its. */
function sessionsOf({ standing: how, counts, listed }: Worker): string {
  const parts = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, count]) => `${count} ${state}`)
  const said = parts.length === 0 ? 'none' : parts.join(', ')
  return how === 'running' ? said : `${listed} listed, said last: ${said}`
}

function advice(workers: readonly Worker[]): string {
  const silent = workers.filter((worker) => worker.standing === 'silent')
  const [first] = silent
  if (first === undefined) return ''
  const name = harmless(first.worker)
  const which = silent.length === 1 ? `${name} is` : `${silent.length} workers are`
  return `\n${which} silent: lost, or cut off from the database. Its sessions: \`wa-gateway fleet sessions --worker ${name}\`\n`
}

export function renderFleetSessions(
  { sessions }: Result<'fleet.sessions'>,
  columns?: number,
): string {
  if (sessions.length === 0) return 'no sessions are listed\n'
  const rows = sessions.map((session) => [
    session.id,
    session.worker,
    stateOf(session),
    session.phone ?? '',
    session.name ?? '',
    whyOf(session),
  ])
  return renderTable(['SESSION', 'WORKER', 'STATE', 'PHONE', 'NAME', 'WHY'], rows, columns)
}

function stateOf({ standing: how, lastState, desired }: Session): string {
  const state = desired === 'paused' ? `${lastState} (paused)` : lastState
  return how === 'running' ? state : `was ${state}`
}

function whyOf({ standing: how, silentMs = 0, lastCause }: Session): string {
  if (how === 'silent') return `its worker is silent for ${duration(silentMs)}`
  if (how === 'stopped') return `its worker stopped ${duration(silentMs)} ago`
  if (how === 'unknown') return 'its worker is not listed'
  if (lastCause === null) return ''
  return Object.hasOwn(CAUSES, lastCause) ? CAUSES[lastCause as CauseId].words : lastCause
}
