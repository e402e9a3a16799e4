import type { SessionImage } from '../authstate/port.ts'
import type { Input } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import type { RestoreTarget } from '../replica/port.ts'
import { diffStates, whatGoingBackBreaks } from '../session/state-diff.ts'
import { assertConfirmed } from './confirm.ts'
import { fieldsOf } from './differing.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to take a session back in time. */
export function restoring(
  worker: WorkerState,
): Pick<MethodHandlers, 'backup.restore' | 'backup.restore.plan'> {
  const { service, operations, replica } = worker
  return {
    'backup.restore.plan': async ({ session, ...input }) => {
      const runner = service.roster.known(session)
      const target = targetOf(input)
      const { image, refused: elsewhere, ...plan } = await replica.planRestore(session, target)
      const breaks = await breaksOf(worker, session, image)
      const running = runner.handle !== undefined
      const busy = { why: `session ${session} is ${runner.state}`, todo: pause(session) }
      const owned = elsewhere && { why: elsewhere.why, todo: release(session, elsewhere.worker) }
      const refused = running ? busy : owned
      return {
        ...plan,
        state: runner.state,
        ...(breaks && { breaks }),
        ...(refused && { refused }),
      }
    },

    'backup.restore': async ({ session, confirm, ...input }) => {
      assertConfirmed(session, confirm)
      return { id: session, ...(await operations.restoreBackup(session, targetOf(input))) }
    },
  }
}

function targetOf({
  backup,
  at,
}: Pick<Input<'backup.restore'>, 'backup' | 'at' | 'undo'>): RestoreTarget {
  if (backup !== undefined) return { from: backup }
  return at === undefined ? { undo: true } : { at }
}

/** Undefined where this disk has not the session's present state to compare with. */
async function breaksOf(
  { auth }: WorkerState,
  session: string,
  image: SessionImage,
): Promise<string[] | undefined> {
  if (auth.find(session) === undefined) return undefined
  const now = await auth.image(session)
  return whatGoingBackBreaks(diffStates(image.entries, now.entries, fieldsOf))
}

function pause(session: string): string {
  return `run \`wa-gateway session pause ${session}\` first, and resume it afterwards`
}

function release(session: string, worker: string): string {
  return `restore it on worker '${worker}', or pause ${session} there first; a worker that is gone is waited for`
}
