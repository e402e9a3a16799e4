import { packEntries, unpackEntries } from '../authstate/packed.ts'
import type { Entry, SessionImage } from '../authstate/port.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { GatewayError } from '../session/errors.ts'
import { isOwnType } from '../session/own-type.ts'
import { assertConfirmed } from './confirm.ts'
import { given } from '../session/given.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to move accounts in and out. Their bytes are in no log and no error. */
export function transferring(
  worker: WorkerState,
): Pick<MethodHandlers, 'session.import' | 'session.export'> {
  const { service, movingIn, logger } = worker
  return {
    'session.import': async ({ session, state, ...options }) => {
      worker.stopping.throwIfAborted()
      const entries = await unpacked(state)
      const admission = await movingIn.admit({ sessionId: session, entries, ...given(options) })
      return { admission }
    },

    'session.export': async ({ session, backup, confirm }) => {
      assertConfirmed(session, confirm)
      const begun = Date.now()
      const { image, at } = await stateOf(worker, session, backup)
      // What `session forget` asks for: nothing that is only here may be deleted as moved out.
      if (backup === undefined) await worker.instants.write(exportedName(session), begun)
      const entries = image.entries.filter(({ type }) => !isOwnType(type))
      const runner = service.roster.has(session) ? service.roster.runner(session) : undefined
      const packed = await packEntries(entries)
      logger.info({ session, backup, seq: image.seq }, 'the state of a session was handed out')
      return {
        session,
        worker: worker.workerId,
        seq: image.seq,
        hash: image.hash,
        keys: entries.length - 1,
        at,
        online: runner?.handle !== undefined,
        state: Buffer.from(packed).toString('base64'),
      }
    },
  }
}

/** When the present state of a session was last handed out, among what the registry remembers. */
export const exportedName = (session: string): string => `exported.${session}`

async function unpacked(state: string): Promise<Entry[]> {
  try {
    return await unpackEntries(Buffer.from(state, 'base64'))
  } catch {
    // Why not could quote what was sent.
    throw new GatewayError({ code: 'usage', message: 'what was sent is no state of a session' })
  }
}

/** The committed state on this disk or, where there is none or it was asked for, a stored one. */
async function stateOf(
  { auth, replica }: WorkerState,
  session: string,
  backup: string | undefined,
): Promise<{ image: SessionImage; at: number }> {
  if (backup === undefined) {
    const linked = auth.find(session)?.paired === true
    // What this process holds needs no word of a store that may be away.
    const owner = linked && replica.holds(session) ? undefined : await replica.owner(session)
    const elsewhere = owner !== undefined && !owner.mine ? owner.worker : undefined
    if (linked && elsewhere === undefined)
      return { image: await auth.image(session), at: Date.now() }
    throw new GatewayError({
      code: owner === undefined ? 'session.unknown' : 'session.busy',
      subject: session,
      message:
        elsewhere === undefined
          ? `this disk has no state of a linked device for session ${session}`
          : `worker '${elsewhere}' has session ${session}`,
      hint: `name a backup with --from, as \`wa-gateway backup list --session ${session}\` shows them`,
    })
  }
  const { info, image } = await replica.readBackup(session, backup)
  return { image, at: info.createdAt }
}
