import type { Result } from '../../src/control/api.ts'
import { renderRecovery } from './recovery.ts'
import { renderFields, renderTable } from './table.ts'
import { elapsed, instant } from '../../src/words/time.ts'

type Shown = Result<'recoveries.show'>
type Run = Shown['run']

const TRIGGERS: Record<Run['trigger'], string> = {
  start: 'start',
  provisional: 'start, object store away',
  operator: 'operator',
  assigned: 'new assignment',
  'backend-returned': "backend's return",
  retry: 'retry of failed ones',
}

export function renderRuns(runs: readonly Run[], columns?: number): string {
  if (runs.length === 0) return 'no recoveries yet\n'
  const rows = runs.map((run) => [
    String(run.id),
    instant(run.startedAt),
    took(run),
    `${run.recovered} of ${run.total}`,
    String(run.failed),
    String(run.skipped),
    began(run),
  ])
  return renderTable(
    ['RUN', 'STARTED', 'TOOK', 'RECOVERED', 'FAILED', 'SKIPPED', 'BEGUN BY'],
    rows,
    columns,
  )
}

export function renderRun({ run, results }: Shown, columns?: number): string {
  const fields = renderFields([
    ['recovery', String(run.id)],
    ['begun by', began(run)],
    ['started', instant(run.startedAt)],
    ['took', took(run)],
    ['sessions', `${run.total}: ${outcomes(run)}`],
    ['state from', routes(run)],
  ])
  return `${fields}\n${renderRecovery(results, columns)}`
}

function began({ trigger, source }: Run): string {
  return source === 'cache' ? `${TRIGGERS[trigger]}, list from memory` : TRIGGERS[trigger]
}

function took({ state, startedAt, endedAt }: Run): string {
  if (endedAt !== undefined) return elapsed(endedAt - startedAt)
  return state === 'running' ? 'running' : 'interrupted'
}

function outcomes({ total, recovered, failed, skipped }: Run): string {
  const open = total - recovered - failed - skipped
  const counts = `${recovered} recovered, ${failed} failed, ${skipped} skipped`
  return open > 0 ? `${counts}, ${open} not settled` : counts
}

function routes({ warm, cold, none }: Run): string {
  return `${warm} this disk, ${cold} the object store, ${none} online already`
}
