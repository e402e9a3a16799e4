import { renderDeleted, renderStays } from '../render/removed.ts'
import { withDaemon } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Define } from '../shared/context.ts'

const MORE = `
Unlinks the device, then deletes every backup in the object store, the local state, and what was set
aside of it in quarantine/ of the state directory, for those files hold keys too. A tombstone stays, so
that nothing old is ever taken for new. It can be run again where it stopped.

What stays: its changes in logs that it shares with other sessions, which are deleted when they are older
than WA_GATEWAY_POINT_IN_TIME_HOURS; files in quarantine/ that hold other sessions too, which are named;
and copies that were made elsewhere, by \`backup copy\` or \`backup export\`.

Example:
  $ wa-gateway session remove anna --confirm=anna
`

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .option('--confirm <session>', "the session's name again, instead of being asked for it")
    .addHelpText('after', MORE)
    .action(async (session: string, options: { confirm?: string }) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        const what = `Unlinking ${session} and deleting its state and backups`
        const confirm = await confirmed(session, what, options.confirm, context)
        const result = await client.call('session.remove', { session, confirm }, signal)
        show(result, () => renderDeleted(result, 'removed'))
        for (const words of renderStays(result)) note(words)
      }),
    )
}
