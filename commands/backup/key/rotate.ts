import { renderKeys } from '../../render/keys.ts'
import { withDaemon } from '../../shared/cli.ts'
import type { Define } from '../../shared/context.ts'

const WHAT = `
What was stored before stays under the key of its time, which is kept for reading.

Example:
  $ wa-gateway backup key rotate
`

export const define: Define = (command, context) => {
  command
    .option('--force', 'even where other workers may not have read the new key yet')
    .addHelpText('after', WHAT)
    .action(async (options: { force?: boolean }) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const result = await client.call('backup.key.rotate', options, signal)
        show(result, () => renderKeys(result, context.columns))
      }),
    )
}
