import type { Logger } from 'pino'
import { toGatewayError } from '../../session/errors.ts'
import { progressOf } from '../progress.ts'
import type { WorkerState } from '../state.ts'
import { Notifier } from './notifier.ts'
import { openServiceManager, watchdogMs } from './service-manager.ts'

/** Begins to tell systemd of the worker, where systemd asked for it. */
export function openNotifier(
  env: Readonly<Record<string, string | undefined>>,
  worker: { readonly state: WorkerState | undefined },
  logger: Logger,
): Notifier | undefined {
  const manager = openServiceManager(env)
  if (manager === undefined) return undefined
  const notifier = new Notifier({
    manager,
    watchdogMs: watchdogMs(env),
    progress: () => progressOf(worker.state),
    ailment: () => ailmentOf(worker.state),
    logger,
  })
  notifier.start()
  return notifier
}

async function ailmentOf(state: WorkerState | undefined): Promise<string | undefined> {
  try {
    const checks = (await state?.health('livez')) ?? []
    const failed = checks.find(({ failure }) => failure !== undefined)
    return failed && `${failed.name}: ${failed.failure}`
  } catch (error) {
    return toGatewayError(error).message
  }
}
