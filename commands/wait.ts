import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../src/session/errors.ts'
import { withDaemon, type Cli } from './shared/cli.ts'
import { missing, parseCondition, type Condition } from './shared/condition.ts'
import type { Define } from './shared/context.ts'

const EVERY_MS = 500

const MORE = `
Conditions are \`ready\` (the store was proven and the first recovery has settled) and
\`session=ID:STATE\`; all that are given must hold at once. A daemon that does not run yet is waited
for too. Without --timeout it waits for ever; after it, the exit status is 7.

Examples:
  $ wa-gateway wait --for ready --timeout 120
  $ wa-gateway wait --for session=anna:online --for session=ben:online
`

export const define: Define = (command, context) => {
  command
    .requiredOption('--for <condition...>', 'ready, or session=ID:STATE')
    .addHelpText('after', MORE)
    .action(async (options: { for: string[] }) => {
      const conditions = options.for.map(parseCondition)
      await withDaemon(command, context, async (cli) => {
        const told = context.stderr.isTTY === true ? cli.note : () => {}
        await untilAll(cli, conditions, told)
        cli.show({ met: options.for }, () => `${options.for.join(' and ')}: met\n`)
      })
    })
}

async function untilAll(
  { client, signal }: Cli,
  conditions: readonly Condition[],
  /** Where a person waits too. */
  tell: (words: string) => void,
): Promise<void> {
  let last = 'the daemon has not answered yet'
  const note = (words: string) => {
    if (words !== last) tell(`waiting: ${words}`)
    last = words
  }
  try {
    for (;;) {
      try {
        const status = await client.call('status', {}, signal)
        const [first] = conditions.flatMap((condition) => missing(condition, status) ?? [])
        if (first === undefined) return
        note(first)
      } catch (error) {
        if (!(error instanceof GatewayError) || error.code !== 'daemon.unreachable') throw error
        note(error.message)
      }
      await sleep(EVERY_MS, undefined, { signal })
    }
  } catch (error) {
    throw signal.aborted ? late(signal.reason, last) : error
  }
}

/** The time limit's error, with how it stood. */
function late(reason: unknown, last: string): unknown {
  if (!(reason instanceof GatewayError) || reason.code !== 'operation.timeout') return reason
  return new GatewayError({
    code: 'operation.timeout',
    message: `it did not come to that in time: ${last}`,
    hint: 'see `wa-gateway status`, or give a longer --timeout',
  })
}
