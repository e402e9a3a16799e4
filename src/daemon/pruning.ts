import type { Event } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { isStricter } from '../replica/retention/policy.ts'
import { GatewayError } from '../session/errors.ts'
import { given } from '../session/given.ts'
import { Meter } from './meter.ts'
import type { WorkerState } from './state.ts'

type Summary = Extract<Event<'backup.prune'>, { type: 'end' }>['summary']

/** What the control API calls to delete old backups. */
export function pruning({
  replica,
  service,
  stopping,
}: Pick<WorkerState, 'replica' | 'service' | 'stopping'>): Pick<MethodHandlers, 'backup.prune'> {
  return {
    'backup.prune': async ({ sessions, policy, dropNamed, dryRun = false, confirmed }, caller) => {
      const stricter = policy !== undefined && isStricter(policy, replica.retention)
      if (stricter && !dryRun && confirmed !== true) throw unconfirmed()
      const meter = new Meter(caller.emit)
      if (sessions !== undefined) meter.set({ total: sessions.length })
      const summary: Summary = { dryRun, stricter, sessions: 0, ...NOTHING }
      const signal = AbortSignal.any([caller.signal, stopping])
      const options = { ...given({ sessionIds: sessions, policy, dropNamed }), dryRun, signal }
      await replica.prune(options, (pruned) => {
        const { sessionId, outcome, kept, dropped, leftovers, bytes } = pruned
        const unknown = outcome === 'nothing' && kept.length === 0 && sessions !== undefined
        if (unknown) service.roster.known(sessionId)
        summary.sessions++
        summary.backups += dropped.length
        summary.leftovers += leftovers
        summary.bytes += bytes
        if (outcome === 'skipped' || outcome === 'failed') summary[outcome]++
        caller.emit({ type: 'pruned', pruned })
        meter.step({ bytes, failed: outcome === 'failed' })
      })
      caller.emit({ type: 'end', summary })
    },
  }
}

const NOTHING = { backups: 0, leftovers: 0, bytes: 0, skipped: 0, failed: 0 }

function unconfirmed(): GatewayError {
  return new GatewayError({
    code: 'usage',
    message:
      'this keeps less than the configured policy, and what is deleted cannot be brought back',
    hint: 'look at it with dryRun, then send it with confirmed',
  })
}
