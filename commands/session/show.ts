import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { renderShow } from '../render/show.ts'

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .addHelpText('after', '\nExample:\n  $ wa-gateway session show anna\n')
    .action(async (session: string) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const shown = await client.call('session.show', { session }, signal)
        show(shown, () => renderShow(shown, Date.now(), 'all'))
      }),
    )
}
