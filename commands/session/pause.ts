import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .addHelpText('after', '\nExample:\n  $ wa-gateway session pause anna\n')
    .action(async (session: string) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        const result = await client.call('session.pause', { session }, signal)
        show(result, () => `${session} is paused\n`)
        note(`\`wa-gateway session resume ${session}\` connects it again`)
      }),
    )
}
