import { GatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'
import { emptyHead, type SessionHead } from './heads.ts'

/**
 * The sessions of this disk as of the last commit. What begins one or takes one away has it for
 * itself meanwhile.
 */
export class Sessions {
  readonly heads: Map<string, SessionHead>
  /** Sessions that are being created or taken away: nothing else may begin on them. */
  readonly #busy = new Set<string>()
  #nextNumber: number

  constructor(heads: readonly SessionHead[]) {
    this.heads = new Map(heads.map((head) => [head.sessionId, head]))
    this.#nextNumber = heads.reduce((max, head) => Math.max(max, head.n), 0) + 1
  }

  /** Throws `session.unknown`. */
  known(sessionId: string): SessionHead {
    const head = this.heads.get(sessionId)
    if (head !== undefined) return head
    throw new GatewayError({
      code: 'session.unknown',
      subject: sessionId,
      message: `there is no local state of session ${sessionId}`,
      hint: `run \`wa-gateway recover --session ${sessionId}\`, or pair it`,
    })
  }

  /** A known session that is not being taken away. */
  idle(sessionId: string): SessionHead {
    if (this.#busy.has(sessionId)) throw busy(sessionId)
    return this.known(sessionId)
  }

  /** `write` makes the session, under a number of its own. */
  async begin(sessionId: string, write: (head: SessionHead) => Promise<void>): Promise<void> {
    assertSessionId(sessionId)
    if (this.heads.has(sessionId)) throw busy(sessionId)
    await this.exclusively(sessionId, () => write(emptyHead(this.#nextNumber++, sessionId)))
  }

  async exclusively<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(sessionId)) throw busy(sessionId)
    this.#busy.add(sessionId)
    try {
      return await work()
    } finally {
      this.#busy.delete(sessionId)
    }
  }
}

export function busy(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `the local state of session ${sessionId} is in use or exists already`,
    hint: 'wait until what uses it is done, or stop the session first',
  })
}
