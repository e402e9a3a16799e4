import type { WorkerState } from './state.ts'

/** What of a worker says whether there is time for what can wait. */
export type Moment = Pick<WorkerState, 'phase' | 'recovery'>

/** Why what is of less importance than everything else has to wait; undefined: it need not. */
export function whyNotNow(
  moment: Moment | undefined,
  { view }: Pick<WorkerState['storeHealth'], 'view'>,
): string | undefined {
  if (moment?.phase === 'stopping') return 'the worker stops'
  if (moment?.phase !== 'running' || moment.recovery.phase === 'running')
    return 'sessions are being recovered'
  return view.healthy ? undefined : 'the object store is away'
}
