import { renderDeleted, renderStaying } from '../render/removed.ts'
import { withDaemon } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Define } from '../shared/context.ts'

const MORE = `
For a session that was moved out: it was paused, exported, and goes on in another installation. Deletes
what \`session remove\` deletes, every backup, the local state and what was set aside of it, but tells
WhatsApp nothing, so its device stays linked and whoever has the export goes on with it. A tombstone stays:
this installation never opens the session again by itself, also after its disk was lost, as it would with
one that is only paused. Backups from before the move are of no use: the first message that is exchanged
elsewhere makes connecting them break more.

Refused while the session runs, and where it changed since \`backup export\` handed it out last. An export
brings it back here with \`session import\`. Where a backend assigns sessions, take it away there first.

Example:
  $ wa-gateway session forget anna --confirm=anna
`

export const define: Define = (command, context) => {
  command
    .argument('<session>')
    .option('--confirm <session>', "the session's name again, instead of being asked for it")
    .addHelpText('after', MORE)
    .action(async (session: string, options: { confirm?: string }) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        const what = `Deleting the state and backups of ${session}, which only its export has then`
        const confirm = await confirmed(session, what, options.confirm, context)
        const result = await client.call('session.forget', { session, confirm }, signal)
        show(result, () => renderDeleted(result, 'forgotten'))
        for (const words of renderStaying(result)) note(words)
      }),
    )
}
