import { InvalidArgumentError } from 'commander'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { renderRun } from '../render/recoveries.ts'

export const define: Define = (command, context) => {
  command
    .argument('[run]', 'its number, or `latest`', run, 'latest')
    .addHelpText(
      'after',
      '\nExamples:\n  $ wa-gateway recoveries show\n  $ wa-gateway recoveries show 12 --json\n',
    )
    .action(async (run: number | 'latest') =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const shown = await client.call('recoveries.show', { run }, signal)
        show(shown, () => renderRun(shown, context.columns))
      }),
    )
}

function run(text: string): number | 'latest' {
  if (text === 'latest') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give the number of a recovery, or `latest`.')
}
