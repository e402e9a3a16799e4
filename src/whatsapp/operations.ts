import { nextStep } from '../session/cause.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import type { PurgedQuarantine } from '../authstate/port.ts'
import type { RemovedCopies, Restored, RestoreTarget } from '../replica/port.ts'
import type { ServicePorts } from './ports.ts'
import { releaseInTime } from './release.ts'
import type { Roster } from './roster.ts'

export interface Unlinked {
  /** False: WhatsApp could not be told, so the phone may still list the device. */
  unlinked: boolean
  detail?: string
}

/** What was deleted of a session, and what stays for a while or until a person sees to it. */
interface Deleted extends RemovedCopies {
  /** Files of local state that were set aside earlier. */
  setAside: PurgedQuarantine
}

interface Removed extends Unlinked, Deleted {}

/** What an operator or an application does to one session, apart from pairing and recovering. */
export class Operations {
  readonly #ports: ServicePorts
  readonly #roster: Roster

  constructor(ports: ServicePorts, roster: Roster) {
    this.#ports = ports
    this.#roster = roster
  }

  /** Unlinks the device from the phone. The dead state stays on disk and as backups. */
  async logout(sessionId: string): Promise<Unlinked> {
    await this.#roster.known(sessionId).logout()
    return { unlinked: true }
  }

  /**
   * Unlinks the device where it can, then deletes the session: the tombstone in the store first, then
   * its backups, its local state and what was set aside of it, its row last. Can be run again where it
   * stopped, and later for what has become deletable since.
   */
  async remove(sessionId: string): Promise<Removed> {
    const again = await this.#isGone(sessionId)
    const unlinked = again
      ? { unlinked: false, detail: 'the session was removed before' }
      : await this.#unlink(sessionId)
    if (!again) await this.#roster.known(sessionId).stop()
    return { ...unlinked, ...(await this.#delete(sessionId, again)) }
  }

  /**
   * Deletes the same of a session that goes on elsewhere, and tells WhatsApp nothing: its device stays
   * linked. `exportedAt`, in milliseconds since the epoch: when its state was last handed out; undefined:
   * never. Refuses a session that is running, and one that has changed since.
   */
  async forget(sessionId: string, exportedAt: number | undefined): Promise<Deleted> {
    const again = await this.#isGone(sessionId)
    if (!again) {
      const runner = this.#roster.known(sessionId)
      if (runner.handle !== undefined) throw running(sessionId, runner.state)
      await this.#assertExported(sessionId, exportedAt)
      await runner.stop()
    }
    return this.#delete(sessionId, again)
  }

  async #assertExported(sessionId: string, exportedAt: number | undefined): Promise<void> {
    const { auth, replica } = this.#ports
    const local = auth.find(sessionId)
    if (local?.paired === true) {
      if (local.changedAt <= (exportedAt ?? -Infinity)) return
      throw notExported(sessionId, exportedAt)
    }
    const owner = await replica.owner(sessionId)
    if (owner !== undefined && !owner.removed && owner.backups.length > 0)
      throw elsewhere(sessionId, owner.worker)
  }

  /** Whether it was deleted before; throws `session.unknown` where nobody ever knew it. */
  async #isGone(sessionId: string): Promise<boolean> {
    const gone = !this.#roster.has(sessionId)
    if (gone && !(await this.#wasRemoved(sessionId))) this.#roster.known(sessionId)
    return gone
  }

  async #delete(sessionId: string, again: boolean): Promise<Deleted> {
    const { auth, registry, replica } = this.#ports
    const copies = await replica.remove(sessionId)
    if (auth.find(sessionId) !== undefined) await auth.purge(sessionId)
    const setAside = auth.purgeQuarantine(sessionId)
    if (!again) await this.#roster.save(sessionId, { desired: 'removed' })
    this.#roster.forget(sessionId)
    await registry.remove(sessionId)
    return { ...copies, setAside }
  }

  /** Closes the connection, stores the state, and keeps the session closed until resumed. */
  async pause(sessionId: string): Promise<void> {
    const runner = this.#roster.known(sessionId)
    await this.#roster.save(sessionId, { desired: 'paused' })
    await runner.stop()
    if (this.#ports.replica.holds(sessionId)) {
      await releaseInTime(this.#ports.replica, sessionId, { store: true })
    }
  }

  /** Lets a paused session be recovered again; the caller recovers it. */
  async resume(sessionId: string): Promise<void> {
    this.#roster.known(sessionId)
    await this.#roster.save(sessionId, { desired: 'running' })
  }

  /**
   * Takes up a session that this worker does not know but the object store does. False where it is
   * known; throws `session.unknown` where the store doesn't know it either.
   */
  async adopt(sessionId: string): Promise<boolean> {
    if (this.#roster.has(sessionId)) return false
    const owner = await this.#ports.replica.owner(sessionId)
    if (owner === undefined || owner.removed) this.#roster.known(sessionId)
    this.#roster.runner(sessionId)
    await this.#roster.save(sessionId, { desired: 'running' })
    return true
  }

  /** Forgets a session that was adopted and could not be taken: it is no business of this worker. */
  async disown(sessionId: string): Promise<void> {
    if (this.#ports.auth.find(sessionId) !== undefined) return
    this.#roster.forget(sessionId)
    await this.#roster.flush()
    await this.#ports.registry.remove(sessionId)
  }

  /** Makes an earlier state that of a session that is not running. */
  async restoreBackup(sessionId: string, target: RestoreTarget): Promise<Restored> {
    const runner = this.#roster.known(sessionId)
    if (runner.handle !== undefined)
      throw running(sessionId, runner.state, ', and resume it afterwards')
    return this.#ports.replica.restore(sessionId, target)
  }

  /**
   * The same for a session that may be running: it is closed and released first. Whoever calls this
   * recovers it afterwards.
   */
  async goBack(sessionId: string, target: RestoreTarget): Promise<Restored> {
    await this.#roster.known(sessionId).stop()
    if (this.#ports.replica.holds(sessionId))
      await this.#ports.replica.release(sessionId, { store: true })
    return this.restoreBackup(sessionId, target)
  }

  /** The next step for a person, or undefined while nothing is wrong. */
  next(sessionId: string): string | undefined {
    const cause = this.#roster.known(sessionId).cause
    return cause === undefined ? undefined : nextStep(cause, sessionId)
  }

  async #wasRemoved(sessionId: string): Promise<boolean> {
    return (await this.#ports.replica.owner(sessionId))?.removed === true
  }

  async #unlink(sessionId: string): Promise<Unlinked> {
    const runner = this.#roster.known(sessionId)
    if (runner.cause === 'logged-out') return { unlinked: true }
    if (this.#ports.auth.find(sessionId)?.paired !== true) return { unlinked: true }
    try {
      await runner.logout()
      return { unlinked: true }
    } catch (thrown) {
      const detail = `${toGatewayError(thrown).message}; unlink it on the phone under Linked devices`
      return { unlinked: false, detail }
    }
  }
}

function running(sessionId: string, state: string, then = ''): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `session ${sessionId} is ${state}`,
    hint: `run \`wa-gateway session pause ${sessionId}\` first${then}`,
  })
}

/** What is deleted here would be nowhere else. */
function notExported(sessionId: string, exportedAt: number | undefined): GatewayError {
  const since = exportedAt === undefined ? '' : ` since ${new Date(exportedAt).toISOString()}`
  return new GatewayError({
    code: 'replica.stale',
    subject: sessionId,
    message: `session ${sessionId} was not exported as it is now${since}`,
    hint: `run \`wa-gateway backup export --session ${sessionId} --to DIR\` and take it up elsewhere first; \`session remove\` gives the device up`,
  })
}

/** Whether what was exported is the newest state cannot be told here. */
function elsewhere(sessionId: string, worker: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `this disk has no state of session ${sessionId}, which worker '${worker}' ran last`,
    hint: `forget it there; or \`wa-gateway recover --session ${sessionId}\`, pause and export it here`,
  })
}
