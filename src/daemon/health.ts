import { lstat } from 'node:fs/promises'
import type { AuthStore } from '../authstate/port.ts'
import type { HealthCheck } from '../control/handlers.ts'
import type { Registry } from '../registry/port.ts'
import { toGatewayError } from '../session/errors.ts'
import type { WorkerState } from './state.ts'

/** A commit that takes longer has hung: no disk that still works takes so long. */
const HUNG_MS = 60_000

/** What is looked at, as it is now. A failure is in words; undefined where there is none. */
export interface HealthFacts {
  phase: WorkerState['phase']
  writing: ReturnType<AuthStore['writing']>
  store: { healthy: boolean; detail?: string }
  registry: string | undefined
  socket: string | undefined
}

export interface HealthPorts {
  auth: Pick<AuthStore, 'writing'>
  registry: Pick<Registry, 'find'>
  /** Path of the control socket. */
  socket: string
}

export async function gatherHealth(
  { phase, storeHealth }: Pick<WorkerState, 'phase' | 'storeHealth'>,
  { auth, registry, socket }: HealthPorts,
): Promise<HealthFacts> {
  return {
    phase,
    writing: auth.writing(),
    store: storeHealth.view,
    registry: await failureOf(() => registry.find('health')),
    socket: await failureOf(async () => {
      if (!(await lstat(socket)).isSocket()) throw new Error(`${socket} is no socket any more`)
    }),
  }
}

/**
 * What only a restart heals. That anything answers at all shows that the event loop turns; a store
 * or a WhatsApp that is away is no reason to restart.
 */
export function liveness({ writing }: HealthFacts): HealthCheck[] {
  return [check('event-loop', undefined), check('writer-thread', writerFailure(writing))]
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
