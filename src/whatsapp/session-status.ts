import type { Logger } from 'pino'
import { CAUSES, nextStep, type CauseId } from '../session/cause.ts'
import { GatewayError, type ErrorCode } from '../session/errors.ts'
import { mayBecome, type SessionState } from '../session/state.ts'

/** What a terminal cause leaves the session in; every other one leaves it `failed`. */
const STATE_AFTER: Partial<Record<CauseId, SessionState>> = {
  'logged-out': 'needs-pairing',
  'no-state': 'needs-pairing',
  'pairing-expired': 'needs-pairing',
  banned: 'banned',
  replaced: 'conflict',
  'owned-elsewhere': 'conflict',
}

const CODE_AFTER: Partial<Record<SessionState, ErrorCode>> = {
  'needs-pairing': 'session.needs-pairing',
  banned: 'session.needs-pairing',
  conflict: 'replica.owned-elsewhere',
}

/**
 * Where one session stands: its state (src/session/state.ts has the machine), why, and since when.
 * Its runner alone changes it; a transition that the machine does not have throws.
 */
export class SessionStatus {
  readonly #id: string
  readonly #log: Logger
  readonly #changed: () => void
  #state: SessionState = 'idle'
  #cause: CauseId | undefined
  #detail: string | undefined
  #since = Date.now()

  constructor(id: string, log: Logger, changed: () => void) {
    this.#id = id
    this.#log = log
    this.#changed = changed
  }

  get state(): SessionState {
    return this.#state
  }

  get cause(): CauseId | undefined {
    return this.#cause
  }

  get detail(): string | undefined {
    return this.#detail
  }

  /** Milliseconds since the epoch at which the present state began. */
  get since(): number {
    return this.#since
  }

  get stopping(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  become(state: SessionState, cause?: CauseId, detail?: string): void {
    if (state !== this.#state) {
      if (!mayBecome(this.#state, state)) {
        throw new Error(`session ${this.#id} can't go from ${this.#state} to ${state}`)
      }
      this.#since = Date.now()
    }
    this.#state = state
    this.#cause = cause
    this.#detail = detail
    this.#log.debug({ state, cause }, 'session state')
    this.#changed()
  }

  fail(cause: CauseId, detail: string): void {
    this.become(STATE_AFTER[cause] ?? 'failed', cause, detail)
  }

  /** The present state as an error, for whoever waited for `online`. */
  asError(): GatewayError {
    const cause = this.#cause ?? 'internal'
    const late = cause === 'timeout' || cause === 'pairing-expired'
    return new GatewayError({
      code: late ? 'session.timeout' : (CODE_AFTER[this.#state] ?? 'session.not-online'),
      subject: this.#id,
      message: `session ${this.#id}: ${this.#detail ?? CAUSES[cause].words}`,
      hint: nextStep(cause, this.#id),
    })
  }

  /** The present state as the reason why something cannot be done. */
  refuse(code: 'session.not-online' | 'session.busy', why: string, hint: string): GatewayError {
    const message = `session ${this.#id} is ${this.#state}${why}`
    return new GatewayError({ code, subject: this.#id, message, hint })
  }
}
