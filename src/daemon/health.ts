import { lstat } from 'node:fs/promises'
import type { AuthStore } from '../authstate/port.ts'
import type { HealthCheck } from '../control/handlers.ts'
import type { Registry } from '../registry/port.ts'
import { toGatewayError } from '../session/errors.ts'
import type { WorkerState } from './state.ts'

/** A commit that takes longer has hung: no disk that still works takes so long. */
const HUNG_MS = 60_000

/** A round of retries ends with the recovery's deadline; one that goes on for longer never will. */
const ROUND_MARGIN_MS = 60_000

/** What is looked at, as it is now. A failure is in words; undefined where there is none. */
export interface HealthFacts {
  phase: WorkerState['phase']
  writing: ReturnType<AuthStore['writing']>
  store: { healthy: boolean; detail?: string }
  registry: string | undefined
  socket: string | undefined
  /** How long the round of retries under way has been, and may. */
  supervision: { roundMs: number; limitMs: number }
}

export interface HealthPorts {
  auth: Pick<AuthStore, 'writing'>
  registry: Pick<Registry, 'find'>
  /** Path of the control socket. */
  socket: string
  /** Milliseconds that a recovery may take. */
  roundLimitMs: number
}

export async function gatherHealth(
  { phase, storeHealth, rounds }: Pick<WorkerState, 'phase' | 'storeHealth' | 'rounds'>,
  { auth, registry, socket, roundLimitMs }: HealthPorts,
): Promise<HealthFacts> {
  return {
    phase,
    writing: auth.writing(),
    store: storeHealth.view,
    registry: await failureOf(() => registry.find('health')),
    socket: await failureOf(async () => {
      if (!(await lstat(socket)).isSocket()) throw new Error(`${socket} is no socket any more`)
    }),
    supervision: { roundMs: rounds.roundMs, limitMs: roundLimitMs + ROUND_MARGIN_MS },
  }
}

/**
 * What only a restart heals. That anything answers at all shows that the event loop turns; a store
 * or a WhatsApp that is away is no reason to restart.
 */
export function liveness({ writing, supervision }: HealthFacts): HealthCheck[] {
  return [
    check('event-loop', undefined),
    check('writer-thread', writerFailure(writing)),
    check('supervision', supervisionFailure(supervision)),
  ]
}

/**
 * What the worker needs to serve its sessions, and that the first recovery has settled. How single
 * sessions are is not asked: a thousand must not lose their worker for one that was logged out.
 */
export function readiness(facts: HealthFacts): HealthCheck[] {
  const { phase, writing, store, registry, socket } = facts
  const starting = phase === 'starting' || phase === 'recovering'
  return [
    check('writer-thread', writerFailure(writing)),
    check('registry', registry),
    check('control-socket', socket),
    check('store', store.healthy ? undefined : (store.detail ?? 'it does not answer')),
    check('first-recovery', starting ? `the worker is ${phase}` : undefined),
    check('shutdown', phase === 'stopping' ? 'the worker is stopping' : undefined),
  ]
}

function writerFailure({ failure, committingMs }: HealthFacts['writing']): string | undefined {
  if (failure !== undefined) return failure.message
  if (committingMs < HUNG_MS) return undefined
  return `the disk has not answered for ${Math.round(committingMs / 1000)} s`
}

function supervisionFailure({ roundMs, limitMs }: HealthFacts['supervision']): string | undefined {
  if (roundMs < limitMs) return undefined
  return `a round of retries has not ended for ${Math.round(roundMs / 1000)} s`
}

function check(name: string, failure: string | undefined): HealthCheck {
  return failure === undefined ? { name } : { name, failure }
}

async function failureOf(look: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await look()
    return undefined
  } catch (error) {
    return toGatewayError(error).message
  }
}
