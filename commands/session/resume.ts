import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .addHelpText('after', '\nExample:\n  $ wa-gateway session resume anna\n')
    .action(async (session: string) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const result = await client.call('session.resume', { session }, signal)
        show(result, () => `${session} connects again\n`)
      }),
    )
}
