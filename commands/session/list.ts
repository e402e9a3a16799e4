import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { renderSessions } from '../render/sessions.ts'

export const define: Define = (command, context) => {
  command.addHelpText('after', '\nExample:\n  $ wa-gateway session list\n').action(async () =>
    withDaemon(command, context, async ({ client, signal, show }) => {
      const result = await client.call('session.list', {}, signal)
      show(result, () => renderSessions(result.sessions, Date.now(), context.columns))
    }),
  )
}
