import { withDaemon } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Define } from '../shared/context.ts'

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .option('--confirm <session>', "the session's name again, instead of being asked for it")
    .addHelpText('after', '\nExample:\n  $ wa-gateway session remove anna --confirm=anna\n')
    .action(async (session: string, options: { confirm?: string }) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        const what = `Unlinking ${session} and deleting its state and backups`
        const confirm = await confirmed(session, what, options.confirm, context)
        const result = await client.call('session.remove', { session, confirm }, signal)
        show(result, () => `${session} is removed\n`)
        if (!result.unlinked)
          note(
            `WhatsApp was not told${result.detail === undefined ? '' : ` (${result.detail})`}: remove the device on the phone, under Linked devices`,
          )
      }),
    )
}
