import type { SessionPatch, SessionRecord } from '../registry/port.ts'
import type { Doing } from '../session/life.ts'
import type { SessionState, SessionView } from '../session/state.ts'
import { GatewayError } from '../session/errors.ts'
import type { ServicePorts } from './ports.ts'
import { SessionRunner } from './runner.ts'

/** States on the way to another one: a mass start is not slowed down by writing each of them. */
const PASSING = new Set<SessionState>(['queued', 'restoring', 'connecting', 'closing'])

/** The sessions of this worker: a runner for each, and what is remembered of it. */
export class Roster {
  readonly #ports: ServicePorts
  readonly #runners = new Map<string, SessionRunner>()
  readonly #records = new Map<string, SessionRecord>()
  /** One write of a session's row at a time, in order. */
  readonly #writes = new Map<string, Promise<void>>()

  constructor(ports: ServicePorts) {
    this.#ports = ports
  }

  async load(): Promise<void> {
    for (const record of await this.#ports.registry.list()) {
      if (record.desired === 'removed') continue
      this.#records.set(record.id, record)
      this.runner(record.id)
    }
  }

  has(id: string): boolean {
    return this.#runners.has(id)
  }

  ids(): string[] {
    return [...this.#runners.keys()]
  }

  all(): SessionRunner[] {
    return [...this.#runners.values()]
  }

  /** How many sessions are connected at this moment. */
  online(): number {
    return this.all().filter((runner) => runner.state === 'online').length
  }

  record(id: string): SessionRecord | undefined {
    return this.#records.get(id)
  }

  /** The session's runner, made where there is none. */
  runner(id: string): SessionRunner {
    const known = this.#runners.get(id)
    if (known !== undefined) return known
    const { auth, settings, logger, replica, logins } = this.#ports
    const runner: SessionRunner = new SessionRunner(id, {
      auth,
      settings: settings.runner,
      logger,
      logins,
      ownedElsewhere: async (sessionId) => {
        const owner = await replica.owner(sessionId)
        return owner === undefined || owner.mine || owner.released ? undefined : owner.worker
      },
      changed: () => this.#changed(runner),
      received: (sessionId, message) =>
        this.#ports.emit({ type: 'message', sessionId, ...message }),
    })
    this.#runners.set(id, runner)
    return runner
  }

  /** The runner of a session that is known; throws `session.unknown`. */
  known(id: string): SessionRunner {
    const runner = this.#runners.get(id)
    if (runner !== undefined) return runner
    throw new GatewayError({
      code: 'session.unknown',
      subject: id,
      message: `there is no session ${id}`,
      hint: 'run `wa-gateway session list`',
    })
  }

  forget(id: string): void {
    this.#runners.delete(id)
    this.#records.delete(id)
  }

  /** Saves metadata; resolves when the row is written. */
  async save(id: string, patch: SessionPatch): Promise<void> {
    const before = this.#writes.get(id) ?? Promise.resolve()
    const write = this.#saveAfter(before, id, patch)
    // The next write of this row waits for this one, whatever became of it.
    const settled = write.catch(() => undefined)
    this.#writes.set(id, settled)
    try {
      await write
    } finally {
      if (this.#writes.get(id) === settled) this.#writes.delete(id)
    }
  }

  /** Saves metadata unless the row has it already. */
  async note(id: string, patch: SessionPatch): Promise<void> {
    const record: Partial<SessionRecord> = this.#records.get(id) ?? {}
    const known = (Object.keys(patch) as (keyof SessionPatch)[]).every(
      (key) => record[key] === patch[key],
    )
    if (!known) await this.save(id, patch)
  }

  async #saveAfter(before: Promise<void>, id: string, patch: SessionPatch): Promise<void> {
    await before
    this.#records.set(id, await this.#ports.registry.save(id, patch))
  }

  /** Resolves when every row that was being saved is written. */
  async flush(): Promise<void> {
    await Promise.all(this.#writes.values())
  }

  view(runner: SessionRunner): SessionView {
    const record = this.#records.get(runner.id)
    const local = this.#ports.auth.find(runner.id)
    const phone = runner.line.account.phone ?? record?.phone ?? undefined
    const name = record?.name ?? runner.line.account.name
    const lastActivity = runner.lastActivity ?? record?.lastActivityAt ?? undefined
    const epoch = local?.tags.at(-1)?.epoch
    return {
      id: runner.id,
      state: runner.state,
      ...optional('cause', runner.cause),
      ...optional('detail', runner.detail),
      ...optional('phone', phone),
      ...optional('name', name ?? undefined),
      ...optional('userId', record?.userId ?? undefined),
      since: runner.since,
      ...optional('lastActivity', lastActivity),
      ...optional('epoch', epoch),
      ...optional('seq', runner.handle?.durableSeq ?? local?.seq),
      ...optional('storedSeq', local?.storedSeq),
      ...(runner.provisional && { provisional: true as const }),
      ...ahead(runner.life.doing),
      ...(runner.flapping && { flapping: true as const }),
      messagesIn: runner.messagesIn,
      messagesOut: runner.messagesOut,
    }
  }

  #changed(runner: SessionRunner): void {
    if (this.#runners.get(runner.id) !== runner) return
    this.#ports.emit({ type: 'session', view: this.view(runner) })
    if (PASSING.has(runner.state)) return
    const record = this.#records.get(runner.id)
    const cause = runner.cause ?? null
    if (record?.lastState === runner.state && record.lastCause === cause) return
    const patch: SessionPatch = {
      lastState: runner.state,
      lastCause: cause,
    }
    if (runner.state === 'online') {
      patch.lastOnlineAt = runner.since
      const { phone } = runner.line.account
      if (phone !== undefined) patch.phone = phone
    }
    if (runner.lastActivity !== undefined) patch.lastActivityAt = runner.lastActivity
    this.save(runner.id, patch).catch((error: unknown) => {
      this.#ports.logger.error(
        { err: error, session: runner.id },
        'the registry could not be written',
      )
    })
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: V })
}

/** What a session that is not online does next, where that is known. */
function ahead(doing: Doing): Pick<SessionView, 'nextAttemptAt' | 'waitsFor'> {
  switch (doing.kind) {
    case 'waiting':
      return { nextAttemptAt: doing.until }
    case 'given':
      return doing.until === undefined ? { waitsFor: 'turn' } : { nextAttemptAt: doing.until }
    case 'resting':
      return optional('nextAttemptAt', doing.retryAt)
    case 'queueing':
      return { waitsFor: 'turn' }
    case 'storing':
      return { waitsFor: 'store' }
    case 'connecting':
    case 'online':
    case 'asking':
    case 'ending':
    case 'closing':
      return {}
  }
}
