import type { RecoveryRun } from './port.ts'

/** Runs that are kept, however old the newest of them are. */
const KEPT = 100
/** Rounds over failed sessions come every half minute while something is away: few of them tell. */
const KEPT_FUTILE = 10
const KEPT_MS = 30 * 24 * 3_600_000

type Judged = Pick<RecoveryRun, 'id' | 'trigger' | 'state' | 'startedAt' | 'recovered'>

/**
 * Which of the runs, newest first, need not be kept: those beyond the newest hundred, those older
 * than 30 days, and of the retries that brought nobody back all but the newest ten. The newest run
 * and those under way always stay.
 */
export function runsToDrop(runs: readonly Judged[], now: number): number[] {
  const drop: number[] = []
  let kept = 0
  let futile = 0
  for (const run of runs) {
    if (run.state === 'running') continue
    const isFutile = run.trigger === 'retry' && run.recovered === 0
    if (isFutile) futile++
    const keep =
      kept === 0 ||
      (kept < KEPT && now - run.startedAt <= KEPT_MS && !(isFutile && futile > KEPT_FUTILE))
    if (keep) kept++
    else drop.push(run.id)
  }
  return drop
}
