import { withDaemon } from './shared/cli.ts'
import { openDashboard } from './shared/open-dashboard.ts'
import type { Define } from './shared/context.ts'
import { renderShow } from './render/show.ts'
import { renderStatus } from './render/status.ts'

export const define: Define = (command, context) => {
  command
    .option('--why <session>', 'only why this session is not online, and what to do')
    .option('--watch', 'keep it on the screen, as `dashboard --readonly`')
    .addHelpText(
      'after',
      '\nExamples:\n  $ wa-gateway status\n  $ wa-gateway status --why anna\n  $ wa-gateway status --watch\n  $ wa-gateway status --json | jq -r ".sessions[].state"\n',
    )
    .action(async ({ why, watch }: { why?: string; watch?: boolean }) => {
      if (watch === true) return openDashboard(command, context, { readonly: true })
      return withDaemon(command, context, async ({ client, signal, show }) => {
        if (why !== undefined) {
          const shown = await client.call('session.show', { session: why }, signal)
          show(shown, () => renderShow(shown, Date.now(), 'why', context.columns))
          return
        }
        const status = await client.call('status', {}, signal)
        show(status, () => renderStatus(status, Date.now(), context.columns, context.rows))
      })
    })
}
