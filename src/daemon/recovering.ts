import PQueue from 'p-queue'
import type { Event, Input, Result } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { causeOfError } from '../session/cause-of.ts'
import { toGatewayError } from '../session/errors.ts'
import type { RecoveryResult } from '../session/report.ts'
import { assertConfirmed } from './confirm.ts'
import type { WorkerState } from './state.ts'

/** Plans that are made at the same time; it hides the store's latency. */
const CONCURRENCY = 16

type Plan = Result<'recover.plan'>['plans'][number]

/** What the control API calls to bring sessions back, and to see what that would do. */
export function recovering(
  worker: WorkerState,
  targets: (input: Input<'recover'>) => string[],
): Pick<MethodHandlers, 'recover' | 'recover.plan'> {
  const { service, operations } = worker
  return {
    recover: async (input, { emit }) => {
      const adopted = new Set<string>()
      for (const id of input.sessions ?? []) if (await operations.adopt(id)) adopted.add(id)
      await goBack(worker, input)
      const results = await service.recover(targets(input), {
        ...(input.takeOver !== undefined && { takeOver: input.takeOver }),
        ...(input.concurrency !== undefined && { concurrency: input.concurrency }),
        ...(input.deadlineMs !== undefined && { deadlineMs: input.deadlineMs }),
        signal: worker.stopping,
        onEvent: (event: Event<'recover'>) => emit(event),
      })
      const foreign = ({ sessionId, outcome }: RecoveryResult) =>
        outcome !== 'recovered' && adopted.has(sessionId)
      for (const result of results.filter(foreign)) await operations.disown(result.sessionId)
      const ours = results.filter((result) => !foreign(result))
      if (ours.length > 0) await service.reportRecoveryStatus(ours)
    },

    'recover.plan': async (input) => {
      const queue = new PQueue({ concurrency: CONCURRENCY })
      const plans = targets(input).map(
        (sessionId) => () => planOf(worker, sessionId, input.takeOver === true),
      )
      return { plans: await queue.addAll(plans) }
    },
  }
}

async function planOf(worker: WorkerState, sessionId: string, takeOver: boolean): Promise<Plan> {
  const { service, replica } = worker
  const { roster } = service
  if (roster.has(sessionId)) {
    const { state } = roster.known(sessionId)
    if (state === 'online') return { sessionId, action: 'nothing', why: 'it is online' }
    if (roster.record(sessionId)?.desired === 'paused')
      return { sessionId, action: 'skip', cause: 'paused', why: 'it was paused' }
  }
  try {
    const plan = await replica.foresee({ sessionId, assigned: true, takeOver })
    const { kind: action, why } = plan
    if (plan.kind === 'refuse') return { sessionId, action, why, cause: plan.cause }
    if (plan.kind === 'restore' && plan.forfeited !== undefined)
      return { sessionId, action, why, notes: [plan.forfeited] }
    if (plan.kind === 'connect' && plan.notes.length > 0)
      return { sessionId, action, why, notes: plan.notes }
    return { sessionId, action, why }
  } catch (thrown) {
    const error = toGatewayError(thrown)
    return { sessionId, action: 'refuse', cause: causeOfError(error), why: error.message }
  }
}

/** Takes the one session back in time, where that was asked for. */
async function goBack(
  { operations, replica }: WorkerState,
  { sessions, from, at, confirm = '' }: Input<'recover'>,
): Promise<void> {
  const [session] = sessions ?? []
  if (session === undefined || (from === undefined && at === undefined)) return
  assertConfirmed(session, confirm)
  const target = from === undefined ? { at: at ?? 0 } : { from }
  // Before the session is stopped for it: what is not there, or damaged, is refused.
  await replica.planRestore(session, target)
  await operations.goBack(session, target)
}
