import { decodeRecord, type ChangeRecord } from '../../authstate/record.ts'
import { GatewayError } from '../../session/errors.ts'
import type { LocalState } from '../context.ts'
import type { LogEntry } from '../log/bundle.ts'
import { ownerName } from '../names.ts'
import type { OwnerRecord } from '../owner.ts'
import type { StateEnd } from '../transitions.ts'
import type { Fault } from './finding.ts'
import { stepsOf } from './ranges.ts'
import type { VerifyRun } from './run.ts'

export interface HistoryCheck {
  /** The newest change that was found. */
  end: StateEnd | undefined
  slots: number
  faults: Fault[]
}

/** Rule 7 without stopping at the first thing that is wrong. */
export async function checkHistory(
  run: VerifyRun,
  record: OwnerRecord,
  signal: AbortSignal | undefined,
): Promise<HistoryCheck> {
  const chain = new Chain(run.context.auth, record)
  const faults = new Map<string, Fault>()
  const note = (fault: Fault): void => {
    if (!faults.has(fault.object)) faults.set(fault.object, fault)
  }
  let slots = 0
  for (const range of record.ranges)
    for await (const step of stepsOf(run, record.session, range, 'changes', signal)) {
      slots++
      if ('broken' in step) {
        note(step.broken)
        chain.lose()
      } else for (const entry of step.entries) chain.add(step.name, entry).forEach(note)
    }
  if (faults.size === 0) chain.close().forEach(note)
  return { end: chain.end, slots, faults: [...faults.values()] }
}

/** A session's changes, as they follow on each other from the newest snapshot on. */
class Chain {
  readonly #auth: Pick<LocalState, 'faults'>
  readonly #record: OwnerRecord
  readonly #base: StateEnd | null
  readonly #hashes = new Map<number, string>()
  /** Undefined where what the next change follows on is not known. */
  #last: StateEnd | undefined
  end: StateEnd | undefined

  constructor(auth: Pick<LocalState, 'faults'>, record: OwnerRecord) {
    this.#auth = auth
    this.#record = record
    this.#base = record.snapshot ?? record.origin
    if (this.#base === null) return
    this.#extend(this.#base)
  }

  /** Something in between is gone: whatever comes next is taken as it is. */
  lose(): void {
    this.#last = undefined
  }

  add(name: string, entry: LogEntry): Fault[] {
    const { origin } = this.#record
    // What a boot still had under way when the history began anew is of the history before.
    if (entry.epoch < (origin?.epoch ?? 0) || entry.seq < (this.#base?.seq ?? 0)) return []
    const change = decode(entry)
    if (change === undefined) {
      this.lose()
      return [this.#fault(name, `its change ${entry.seq} is not sound`)]
    }
    const known = this.#hashes.get(entry.seq)
    if (known === change.hash) return []
    if (known !== undefined)
      return [this.#fault(name, `it has another change ${entry.seq} than what it follows on`)]
    const amiss = this.#follows(name, change)
    this.#extend(change)
    const values = change.writes.flatMap(({ type, id, value }) =>
      value === null ? [] : [{ type, id, value }],
    )
    const faults = this.#auth.faults(values, { linked: false })
    return [...amiss, ...faults.map((why) => this.#fault(name, why))]
  }

  /** What the owner record says of the end, where everything before it was sound. */
  close(): Fault[] {
    const { seq, hash, session } = this.#record
    if (this.#base === null || this.end === undefined) return []
    const object = ownerName(session)
    const whole = `the stored history of '${session}'`
    if (this.end.seq < seq) {
      const what = `${whole} ends at change ${this.end.seq}, although its owner record (${object}) knows of change ${seq}`
      return [{ object, what }]
    }
    const found = this.#hashes.get(seq)
    if (found === undefined || found === hash) return []
    const what = `${whole} has another change ${seq} than its owner record (${object}) knows of`
    return [{ object, what }]
  }

  /** Every slot is there and sound, so what does not fit is where the record says that it begins. */
  #follows(name: string, { seq, previous }: ChangeRecord): Fault[] {
    const last = this.#last
    if (last === undefined || (seq === last.seq + 1 && previous === last.hash)) return []
    const { session } = this.#record
    const object = ownerName(session)
    const gap = `its log goes on at change ${seq} (${name}), which does not follow on change ${last.seq}`
    const what = `the owner record of session '${session}' does not fit its log (${object}): ${gap}; an older record may have been put in its place`
    return [{ object, what }]
  }

  #extend({ seq, hash }: StateEnd): void {
    this.#hashes.set(seq, hash)
    this.#last = { seq, hash }
    if (this.end === undefined || seq > this.end.seq) this.end = { seq, hash }
  }

  #fault(object: string, why: string): Fault {
    const what = `the log of session '${this.#record.session}' is damaged (${object}): ${why}`
    return { object, what }
  }
}

function decode(entry: LogEntry): ChangeRecord | undefined {
  try {
    const change = decodeRecord(entry.record)
    return change.seq === entry.seq ? change : undefined
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'state.corrupt') return undefined
    throw error
  }
}
