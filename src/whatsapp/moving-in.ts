import type { Entry } from '../authstate/port.ts'
import type { OwnerView } from '../replica/port.ts'
import { GatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'
import type { Admission, Obstacle } from '../session/moving-in.ts'
import type { SessionState } from '../session/state.ts'
import type { ServicePorts } from './ports.ts'
import { giveUp, releaseInTime } from './release.ts'
import type { Roster } from './roster.ts'

export interface MoveInRequest {
  sessionId: string
  /** Everything that another program kept of it; the creds are `creds`, ``. */
  entries: readonly Entry[]
  name?: string
  /** It may be connected from now on; otherwise it stays paused until resumed. */
  connect?: boolean
  /** Only say what would be done. */
  dryRun?: boolean
}

/** What is known of a session whose state somebody brings. */
export interface MovingInFacts {
  sessionId: string
  /** Faults of what was brought. */
  faults: readonly string[]
  /** Its runner is at work on something else. */
  busy: boolean
  /** Another session here that is the same device of the same phone. */
  twin: string | undefined
  /** The local state, where there is some of a linked device. */
  local: 'none' | 'same' | 'other'
  owner: Pick<OwnerView, 'worker' | 'mine' | 'released' | 'removed' | 'backups'> | undefined
}

/** States in which a runner has nothing under way. */
const IDLE: ReadonlySet<SessionState> = new Set([
  'idle',
  'closed',
  'needs-pairing',
  'banned',
  'failed',
])

const BUSY: Admission = {
  outcome: 'skipped',
  why: 'busy',
  detail: 'it is being worked on here',
  todo: 'run this again in a moment',
}

type Verdict = { kind: 'begin' } | { kind: 'finish' } | { kind: 'refuse'; admission: Admission }

/**
 * Whether the state that was brought may become the session's. `finish`: it did before, which goes on
 * where it stopped. Nothing that there is already is ever replaced.
 */
export function judge({ sessionId: id, faults, busy, twin, local, owner }: MovingInFacts): Verdict {
  if (faults.length > 0) {
    const unpaired = faults.every((fault) => fault.endsWith('lack account'))
    return unpaired
      ? refuse('unpaired', 'no phone has linked it', `pair it: wa-gateway session pair ${id}`)
      : refuse('damaged', faults.slice(0, 3).join('; '), 'take the state from a backup of it')
  }
  if (busy) return { kind: 'refuse', admission: BUSY }
  if (owner !== undefined && !owner.mine && !owner.released && !owner.removed)
    return refuse(
      'owned-elsewhere',
      `worker '${owner.worker}' has a session of this name`,
      'import it there, or under another name with --as',
    )
  if (twin !== undefined)
    return refuse('exists', `session ${twin} is the same device of the same phone`, `use ${twin}`)
  if (local === 'same') return { kind: 'finish' }
  if (local === 'other')
    return refuse(
      'exists',
      'there is a session of this name with another state',
      'keep it, or import under another name with --as',
    )
  if (owner !== undefined && !owner.removed && owner.backups.length > 0)
    return refuse(
      'stored',
      'the object store has a session of this name',
      `bring that one back: wa-gateway recover --session ${id}; or use --as`,
    )
  return { kind: 'begin' }
}

/**
 * Takes up sessions that another gateway ran. Their state becomes one change on the local disk under
 * an epoch of this worker, and is stored before it is called done. The registry comes first, so that
 * no start of the daemon connects what was only imported.
 */
export class MovingIn {
  readonly #ports: ServicePorts
  readonly #roster: Roster
  /** Sessions that are being moved in, the longest first, and which devices they are. */
  readonly #under = new Map<string, string | undefined>()

  constructor(ports: ServicePorts, roster: Roster) {
    this.#ports = ports
    this.#roster = roster
  }

  async admit(request: MoveInRequest): Promise<Admission> {
    const id = assertSessionId(request.sessionId)
    if (this.#under.has(id)) return BUSY
    this.#under.set(id, this.#ports.auth.deviceOf(request.entries))
    try {
      const verdict = judge(await this.#facts(id, request.entries))
      if (verdict.kind === 'refuse') return verdict.admission
      if (request.dryRun === true) return this.#foreseen(verdict.kind, request)
      this.#assertRoom(id)
      return await (verdict.kind === 'begin' ? this.#begin(request) : this.#finish(request))
    } finally {
      this.#under.delete(id)
    }
  }

  async #facts(sessionId: string, entries: readonly Entry[]): Promise<MovingInFacts> {
    const { auth, replica } = this.#ports
    const here = auth.find(sessionId)
    const same = here !== undefined && (await auth.adoptedFrom(sessionId, entries))
    return {
      sessionId,
      faults: auth.faults(entries, { linked: true }),
      busy: !same && !this.#idle(sessionId),
      twin: await this.#twin(sessionId, entries, same),
      local: same ? 'same' : here?.paired === true ? 'other' : 'none',
      owner: await replica.owner(sessionId),
    }
  }

  /** A copy of a session beside it, under a name of its own, would throw it out. */
  async #twin(
    sessionId: string,
    entries: readonly Entry[],
    /** It is here, so that a copy that is moved in meanwhile will find it. */
    same: boolean,
  ): Promise<string | undefined> {
    const { auth } = this.#ports
    const device = auth.deviceOf(entries)
    if (device === undefined) return undefined
    for (const [other, its] of this.#under) {
      if (same || other === sessionId) break
      if (its === device) return other
    }
    for (const other of this.#roster.ids()) {
      const phone = this.#roster.record(other)?.phone
      if (other === sessionId || phone !== phoneOf(device)) continue
      if (auth.find(other)?.paired !== true) continue
      if (auth.deviceOf((await auth.image(other)).entries) === device) return other
    }
    return undefined
  }

  /** Nothing goes on with the session here. */
  #idle(id: string): boolean {
    return !this.#roster.has(id) || IDLE.has(this.#roster.runner(id).state)
  }

  #foreseen(kind: 'begin' | 'finish', { sessionId, entries }: MoveInRequest): Admission {
    const local = this.#ports.auth.find(sessionId)
    if (kind === 'finish') return { outcome: 'present', seq: local?.seq ?? 0 }
    return { outcome: 'imported', epoch: 0, seq: 0, keys: entries.length - 1 }
  }

  #assertRoom(id: string): void {
    const { maxSessions } = this.#ports.settings
    if (this.#roster.has(id) || this.#roster.ids().length < maxSessions) return
    throw new GatewayError({
      code: 'session.limit',
      message: `this worker already has ${maxSessions} sessions`,
      hint: 'raise MAX_SESSIONS, or import on another worker',
    })
  }

  async #begin(request: MoveInRequest): Promise<Admission> {
    const { sessionId: id, entries, name } = request
    const { auth, replica } = this.#ports
    const device = auth.deviceOf(entries)
    const fresh = !this.#roster.has(id)
    this.#roster.runner(id)
    await this.#roster.save(id, {
      desired: 'paused',
      assignedBy: 'local',
      ...(device !== undefined && { phone: phoneOf(device) }),
      ...(name !== undefined && { name }),
    })
    try {
      // The leavings of a pairing that nobody completed.
      if (auth.find(id)?.paired === false) await auth.purge(id)
      const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
      if (claim.kind === 'refused') throw notOurs(id, claim.detail)
      if (claim.route !== 'new') throw storedMeanwhile(id)
      await auth.adopt(id, entries, claim.base)
    } catch (error) {
      await this.#undo(id, fresh)
      throw error
    }
    return this.#finish(request)
  }

  /** From local state on everything can be done again, after a crash too. */
  async #finish({ sessionId: id, connect = false }: MoveInRequest): Promise<Admission> {
    const { auth, replica, logger } = this.#ports
    const stored = (await replica.owner(id))?.backups.some(({ newest }) => newest) === true
    const idle = this.#idle(id)
    let epoch: number | undefined
    if (!stored && idle) {
      if (!this.#roster.has(id)) await this.#roster.save(id, { desired: 'paused' })
      this.#roster.runner(id)
      const claim = await replica.claim({ sessionId: id, assigned: true })
      if (claim.kind === 'refused') throw notOurs(id, claim.detail)
      ;({ epoch } = await replica.fold(id, 'imported'))
      logger.info({ session: id }, 'the session was moved in')
    }
    if (idle) await this.#release(id)
    if (connect && this.#roster.record(id)?.lastOnlineAt === null)
      await this.#roster.save(id, { desired: 'running' })
    const { seq = 0, keys = 0 } = auth.find(id) ?? {}
    if (epoch === undefined) return { outcome: 'present', seq }
    // One of them is the gateway's own.
    return { outcome: 'imported', epoch, seq, keys: keys - 1 }
  }

  /** It is stored: where this fails, the next recovery of this worker takes it up all the same. */
  async #release(id: string): Promise<void> {
    try {
      await giveUp(this.#ports.replica, id)
    } catch (error) {
      this.#ports.logger.warn({ err: error, session: id }, 'not released after its import')
    }
  }

  /** Nothing of the session is here yet but a claim and a row. */
  async #undo(id: string, fresh: boolean): Promise<void> {
    const { auth, replica, registry, logger } = this.#ports
    try {
      if (replica.holds(id)) await releaseInTime(replica, id, { store: false })
      if (auth.find(id) !== undefined) return
      if (!fresh) return
      this.#roster.forget(id)
      await this.#roster.flush()
      await registry.remove(id)
    } catch (error) {
      logger.error({ err: error, session: id }, 'cleaning up a failed import failed')
    }
  }
}

/** The digits before the device. */
function phoneOf(device: string): string {
  return /^\d*/.exec(device)?.[0] ?? ''
}

function refuse(why: Obstacle, detail: string, todo: string): Verdict {
  return { kind: 'refuse', admission: { outcome: 'skipped', why, detail, todo } }
}

function notOurs(sessionId: string, detail: string): GatewayError {
  return new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: detail,
    hint: `run \`wa-gateway session show ${sessionId}\``,
  })
}

function storedMeanwhile(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `the object store holds state of session ${sessionId}`,
    hint: `run \`wa-gateway recover --session ${sessionId}\`, or import under another name with --as`,
  })
}
