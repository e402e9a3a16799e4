import { InvalidArgumentError } from 'commander'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { renderRuns } from '../render/recoveries.ts'

const MOST = 100

export const define: Define = (command, context) => {
  command
    .option('--session <id>', 'only those in which this session was recovered')
    .option('--limit <n>', `at most so many, 1 to ${MOST}`, count, 20)
    .addHelpText(
      'after',
      '\nThe newest hundred of the last 30 days are kept.\n\nExamples:\n  $ wa-gateway recoveries list\n  $ wa-gateway recoveries list --session anna\n',
    )
    .action(async ({ session, limit }: { session?: string; limit: number }) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const input = { limit, ...(session !== undefined && { session }) }
        const { runs } = await client.call('recoveries.list', input, signal)
        show({ runs }, () => renderRuns(runs, context.columns))
      }),
    )
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= MOST) return value
  throw new InvalidArgumentError(`give a whole number from 1 to ${MOST}.`)
}
