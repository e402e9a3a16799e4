import { z } from 'zod'
import { GatewayError } from '../session/errors.ts'

/**
 * What can be made to go wrong, and where in a connection's life it strikes:
 *
 *   listener   refuse (nobody listens: connection refused)
 *   upgrade    reset (the TCP connection is cut before WebSocket)
 *   handshake  silent-handshake (no answer), untrusted (another root's certificate)
 *   login      failure (`<failure reason>`, then closed)
 *   opened     conflict (440), device-removed (401), stream-error, drop, silence, slow
 *
 * At `opened` a fault strikes just after `success`; with `when: 'now'` it strikes the connections
 * that are logged in at this moment instead and is not kept.
 */
const kinds = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('refuse'), ms: z.int().positive().optional() }),
  z.object({ kind: z.literal('reset') }),
  z.object({ kind: z.literal('silent-handshake') }),
  z.object({ kind: z.literal('untrusted') }),
  z.object({ kind: z.literal('failure'), reason: z.int().min(400).max(599) }),
  z.object({ kind: z.literal('conflict') }),
  z.object({ kind: z.literal('device-removed') }),
  z.object({ kind: z.literal('stream-error'), code: z.int().min(400).max(599) }),
  /** Cuts the TCP connection, at once or after so many further frames from the client. */
  z.object({ kind: z.literal('drop'), afterFrames: z.int().nonnegative().optional() }),
  /** Keeps the connection and never answers again. */
  z.object({ kind: z.literal('silence') }),
  /** Delays everything that the server sends by so many milliseconds. */
  z.object({ kind: z.literal('slow'), ms: z.int().positive() }),
])

const scope = z.object({
  /** The phone number that it strikes; everybody when left out. */
  user: z.string().optional(),
  /** How often it strikes; 'always' until cleared. */
  times: z.union([z.int().positive(), z.literal('always')]).default(1),
  when: z.enum(['next', 'now']).default('next'),
})

const faultSchema = kinds.and(scope)

/** `{kind: 'failure', reason: 401, user: '15550001', times: 2}` and the like. */
export type FaultRequest = z.input<typeof faultSchema>
export type Fault = z.output<typeof faultSchema>
type FaultKind = Fault['kind']
export type FaultStage = 'listener' | 'upgrade' | 'handshake' | 'login' | 'opened'

const STAGE: Record<FaultKind, FaultStage> = {
  refuse: 'listener',
  reset: 'upgrade',
  'silent-handshake': 'handshake',
  untrusted: 'handshake',
  failure: 'login',
  conflict: 'opened',
  'device-removed': 'opened',
  'stream-error': 'opened',
  drop: 'opened',
  silence: 'opened',
  slow: 'opened',
}

function stageOf(kind: FaultKind): FaultStage {
  return STAGE[kind]
}

/** Checks a request and fills its defaults; throws `usage` that says what is wrong with it. */
export function parseFault(request: unknown): Fault {
  const parsed = faultSchema.safeParse(request)
  if (!parsed.success) {
    throw new GatewayError({
      code: 'usage',
      message: `not a fault: ${z.prettifyError(parsed.error)}`,
      hint: `kinds are ${Object.keys(STAGE).join(', ')}`,
      cause: parsed.error,
    })
  }
  const fault = parsed.data
  const stage = stageOf(fault.kind)
  if (fault.user !== undefined && stage !== 'login' && stage !== 'opened') {
    throw refuse(fault, 'strikes before the server knows who connects, so it takes no user')
  }
  if (fault.when === 'now' && stage !== 'opened' && stage !== 'listener') {
    throw refuse(fault, 'cannot strike connections that are open already')
  }
  return fault
}

/** The faults that wait for a connection to strike. */
export class FaultTable {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times === 'always' ? Infinity : fault.times })
  }

  /** Takes one strike of every fault that is due at this stage for this user. */
  take(stage: FaultStage, user?: string): Fault[] {
    if (this.#waiting.length === 0) return []
    const due = this.#waiting.filter(({ fault }) => {
      return stageOf(fault.kind) === stage && (fault.user === undefined || fault.user === user)
    })
    for (const entry of due) entry.left -= 1
    this.#waiting = this.#waiting.filter((entry) => entry.left > 0)
    return due.map(({ fault }) => fault)
  }

  /** Forgets all faults, or those of one user. */
  clear(user?: string): void {
    this.#waiting = user === undefined ? [] : this.#waiting.filter((e) => e.fault.user !== user)
  }

  list(): (Fault & { left: number | 'always' })[] {
    return this.#waiting.map(({ fault, left }) => {
      return { ...fault, left: Number.isFinite(left) ? left : 'always' }
    })
  }
}

function refuse(fault: Fault, why: string): GatewayError {
  return new GatewayError({ code: 'usage', message: `the fault '${fault.kind}' ${why}` })
}
