import type { Command } from 'commander'
import { loadConfig } from '../../src/config/load.ts'
import { secretsOf } from '../../src/config/secret.ts'
import { EXIT } from '../../src/session/errors.ts'
import type { OfflineResult } from '../../src/daemon/offline.ts'
import { renderTable } from '../render/table.ts'
import { elapsed } from '../../src/words/time.ts'
import { timeLimit } from './cli.ts'
import type { CommonOptions, Context } from './context.ts'
import { exitWith } from './exit.ts'

interface OfflineOptions {
  session?: string[]
  takeOver?: boolean
  concurrency?: number
}

/** `recover --offline`: what the daemon would restore at its next start, while it is down. */
export async function runOffline(
  command: Command,
  context: Context,
  { session, takeOver, concurrency }: OfflineOptions,
): Promise<void> {
  const { config: configFile, json, timeout } = command.optsWithGlobals<CommonOptions>()
  const { config } = loadConfig({ env: context.env, cwd: context.cwd, flags: {}, configFile })
  const { recoverOffline } = await import('../../src/daemon/offline.ts')
  const { createLogger } = await import('../../src/daemon/log.ts')
  const limit = timeLimit(timeout, 0, 'sessions that were restored stay so')
  const results = await recoverOffline(
    config,
    {
      ...(session !== undefined && { sessionIds: session }),
      ...(takeOver === true && { takeOver }),
      ...(concurrency !== undefined && { concurrency }),
      signal: AbortSignal.any([context.signal, limit.signal]),
      onResult: (result, done, total) => {
        if (json === true) context.stdout.write(`${JSON.stringify({ type: 'settled', result })}\n`)
        else context.stderr.write(`${done}/${total} ${result.sessionId} ${result.outcome}\n`)
      },
    },
    createLogger('warn', context.stderr, secretsOf(config)),
  ).finally(() => limit.clear())
  if (json === true) context.stdout.write(`${JSON.stringify({ type: 'end', results })}\n`)
  else context.stdout.write(render(results, context.columns))
  exitWith(exitOf(results))
}

function render(results: readonly OfflineResult[], columns: number | undefined): string {
  if (results.length === 0) return 'no sessions to recover\n'
  const rows = results.map(({ sessionId, outcome, route = '', took, detail = '' }) => [
    sessionId,
    outcome,
    route,
    elapsed(took),
    detail,
  ])
  return renderTable(['SESSION', 'OUTCOME', 'FROM', 'TIME', 'WHY'], rows, columns)
}

function exitOf(results: readonly OfflineResult[]): number {
  const failed = results.filter(({ outcome }) => outcome === 'failed').length
  if (failed === 0) return EXIT.ok
  return failed < results.length ? EXIT.partial : EXIT.failed
}
