import type { ClaimOutcome, ClaimRequest } from '../../../src/replica/port.ts'
import type { Schedule } from '../../support/schedule.ts'
import { Violation, type Judge } from './judge.ts'
import type { Open, Process } from './process.ts'

/** How often each came about, over a schedule. */
export function noCounts() {
  return {
    claims: 0,
    warm: 0,
    cold: 0,
    new: 0,
    folds: 0,
    releases: 0,
    fenced: 0,
    gone: 0,
    dropped: 0,
    leftovers: 0,
  }
}

/** What a process does with a session: the real replica, and what the judge is told of it. */
export class Acts {
  readonly #schedule: Schedule
  readonly #judge: Judge
  readonly #counts: ReturnType<typeof noCounts>
  #writes = 0

  constructor(schedule: Schedule, judge: Judge, counts: ReturnType<typeof noCounts>) {
    this.#schedule = schedule
    this.#judge = judge
    this.#counts = counts
  }

  write({ auth }: Process, id: string, open: Open): void {
    const text = `c${++this.#writes}`
    auth.change(id, 'session', text, text)
    open.writes.push({ id: text, seq: auth.find(id)?.seq ?? 0 })
  }

  async open(process: Process, id: string): Promise<void> {
    const outcome = await this.claim(process, {
      sessionId: id,
      assigned: this.#schedule.random() < 0.8,
      takeOver: this.#schedule.random() < 0.06,
    })
    if (outcome.kind === 'refused' && outcome.cause === 'no-state') await this.pair(process, id)
  }

  /** In either order: fresh state and then the claim, or the claim and then the state. */
  async pair(process: Process, id: string): Promise<void> {
    const { auth, replica } = process
    const stateFirst = this.#schedule.random() < 0.6
    const local = auth.find(id)
    if (local?.paired === true) return
    if (local !== undefined) await auth.purge(id)
    if (stateFirst) {
      const owner = await replica.owner(id)
      await auth.create(id, owner && { seq: owner.seq, hash: owner.hash })
    }
    const outcome = await this.claim(process, { sessionId: id, assigned: true, create: true })
    if (outcome.kind !== 'claimed' || outcome.route !== 'new') return
    if (!stateFirst) await auth.create(id, outcome.base)
    auth.change(id, 'creds', '', `paired-${++this.#writes}`)
    this.#opened(process, id)
    if (this.#schedule.random() < 0.5) await this.fold(process, id)
  }

  async claim(process: Process, request: ClaimRequest): Promise<ClaimOutcome> {
    const { sessionId } = request
    const wasStored = this.#judge.mustBeStored(sessionId)
    const outcome = await process.replica.claim(request)
    if (outcome.kind === 'refused') {
      const isStored = wasStored && this.#judge.mustBeStored(sessionId)
      const behind = outcome.cause === 'stale' && isStored
      if (behind || outcome.cause === 'damaged' || outcome.cause === 'store-older')
        throw new Violation('d-needed', `${sessionId}: ${outcome.detail}`)
      return outcome
    }
    this.#counts.claims++
    if (outcome.route !== 'none') this.#counts[outcome.route]++
    if (outcome.route !== 'new') this.#opened(process, sessionId)
    return outcome
  }

  #opened(process: Process, id: string): void {
    const acked = process.auth.find(id)?.seq ?? 0
    if (process.open.has(id) || !process.replica.holds(id)) return
    process.open.set(id, { acked, writes: [], acking: false, sealed: false })
  }

  async fold(process: Process, id: string): Promise<void> {
    await process.replica.fold(id, 'interval')
    this.#counts.folds++
  }

  async tidy(process: Process, id: string): Promise<void> {
    await process.replica.tidy(id, { intervalMs: 0 })
  }

  async release(process: Process, id: string, open: Open): Promise<void> {
    open.sealed = true
    try {
      await process.replica.release(id, { store: this.#schedule.random() < 0.4 })
      this.#counts.releases++
    } finally {
      if (process.open.get(id) === open) process.open.delete(id)
    }
  }

  async goBack(process: Process, id: string): Promise<void> {
    const backups = await process.replica.backups(id)
    const backup = backups[this.#schedule.below(backups.length)]
    if (backup !== undefined) await process.replica.restore(id, { from: backup.id })
  }

  async collect(process: Process): Promise<void> {
    this.#counts.gone += await process.replica.collect()
  }

  async prune(process: Process): Promise<void> {
    const policy = { keepLast: this.#schedule.below(3), keepHourly: 0, keepDaily: 0, keepWithin: 0 }
    await process.replica.prune({ policy }, ({ outcome, dropped, leftovers, detail = '' }) => {
      if (outcome === 'failed' && detail.includes('was stopped')) throw new Violation('p', detail)
      this.#counts.dropped += dropped.length
      this.#counts.leftovers += leftovers
    })
  }
}
