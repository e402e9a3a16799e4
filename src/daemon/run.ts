import type { Writable } from 'node:stream'
import type { Logger } from 'pino'
import type { Loaded } from '../config/load.ts'
import { secretsOf } from '../config/secret.ts'
import { EXIT, toGatewayError, type GatewayError } from '../session/errors.ts'
import { quietConsole } from '../whatsapp/hooks/quiet-console.ts'
import { createLogger } from './log.ts'
import { LogRing } from './log-ring.ts'
import { Reloading } from './reload.ts'
import { listenForSignals } from './signals.ts'
import { openNotifier } from './systemd/open.ts'
import type { Notifier } from './systemd/notifier.ts'
import { Worker } from './worker.ts'

export interface DaemonOptions {
  /** The configuration. */
  loaded: Loaded
  /** Reads it again; throws where it is wrong. */
  load: () => Loaded
  version: string
  /** Where the log goes. */
  log: Writable & { isTTY?: boolean }
  /** Of the process: what a service manager says to it. */
  env: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a worker until SIGTERM or SIGINT and resolves with the exit status. Throws what it can't go
 * on with, after closing what was open. A second signal gives up waiting: what was acknowledged is
 * on the disk either way.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { loaded, load, version } = options
  const { config, resolved, warnings } = loaded
  const logs = new LogRing()
  const logger = createLogger(config.log.level, options.log, secretsOf(config), logs)
  const restoreConsole = quietConsole()
  const reloading = new Reloading({ resolved, load, logger })
  const worker = new Worker(config, version, logger, logs, reloading)
  const signals = listenForSignals(options.log.isTTY === true)
  const notifier = openNotifier(options.env, worker, logger)
  if (notifier !== undefined) reloading.within((work) => notifier.reloading(work))
  signals.onReload(() => void reloading.runLogged())
  const onRejection = (reason: unknown) => {
    // Baileys sends some answers without waiting for them; a connection that breaks just then
    // rejects where nobody listens. Its session hears of the close; the others must not end with it.
    logger.error({ err: reason }, 'a promise was rejected and nobody took it')
  }
  process.on('unhandledRejection', onRejection)
  let failure: GatewayError | undefined
  try {
    logger.info({ version, worker: config.worker.id, pid: process.pid }, 'wa-gateway starts')
    for (const warning of warnings) logger.warn(warning)
    const event = await Promise.race([
      signals.first.then((signal) => ({ kind: 'signal', signal }) as const),
      worker.failed.then((error) => ({ kind: 'failed', error }) as const),
      startFailed(worker, notifier, logger),
    ])
    if (event.kind === 'failed') failure = event.error
    if (event.kind === 'failed') logger.fatal({ err: event.error }, 'the worker cannot go on')
    else logger.info({ signal: event.signal }, 'stopping; a second signal ends it at once')
    void notifier?.stopping()
    const stopping = stopWorker(worker, logger)
    const status = await Promise.race([stopping, signals.second.then(() => EXIT.interrupted)])
    if (status === EXIT.interrupted) logger.warn('ended at once by a second signal')
    if (event.kind === 'failed') throw event.error
    return status
  } finally {
    await notifier?.close(failure && `failed: ${failure.message}`)
    signals.close()
    process.off('unhandledRejection', onRejection)
    restoreConsole()
  }
}

/** Settles only when the start fails: one that succeeds is no reason to end. */
async function startFailed(
  worker: Worker,
  notifier: Notifier | undefined,
  logger: Logger,
): Promise<{ kind: 'failed'; error: GatewayError }> {
  try {
    await worker.start()
  } catch (thrown) {
    return { kind: 'failed', error: toGatewayError(thrown) }
  }
  logger.info({ socket: worker.socketPath }, 'wa-gateway is ready')
  await notifier?.ready()
  return new Promise(() => undefined)
}

async function stopWorker(worker: Worker, logger: Logger): Promise<number> {
  try {
    const { preserved, late } = await worker.stop()
    const missing = preserved.filter((session) => !session.stored)
    for (const { sessionId, detail } of missing) {
      logger.warn(
        { session: sessionId, detail },
        'safe on this disk, but not all of it is in the object store',
      )
    }
    for (const session of late) {
      logger.error({ session }, 'not preserved within GRACEFUL_SHUTDOWN_TIMEOUT; safe on this disk')
    }
    logger.info(
      { preserved: preserved.length - missing.length, notStored: missing.length + late.length },
      'stopped',
    )
    return late.length > 0 ? EXIT.partial : EXIT.ok
  } catch (thrown) {
    const error: GatewayError = toGatewayError(thrown)
    logger.error({ err: error }, 'the stop failed')
    return error.exit
  }
}
