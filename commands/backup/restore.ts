import { withDaemon } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Define } from '../shared/context.ts'
import { GOING_BACK } from '../shared/going-back.ts'

interface RestoreOptions {
  session: string
  from: string
  confirm?: string
}

const BREAKS = `
${GOING_BACK}

Example:
  $ wa-gateway session pause anna
  $ wa-gateway backup restore --session anna --from 3-4711
  $ wa-gateway session resume anna
`

export const define: Define = (command, context) => {
  command
    .requiredOption('--session <id>', 'the session, which must be paused')
    .requiredOption('--from <backup>', 'the backup, as `backup list` names it')
    .option('--confirm <session>', "the session's name again, instead of being asked for it")
    .addHelpText('after', BREAKS)
    .action(async ({ session, from, confirm: given }: RestoreOptions) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        note(GOING_BACK)
        const what = `Taking ${session} back to backup ${from}`
        const confirm = await confirmed(session, what, given, context)
        const input = { session, backup: from, confirm }
        const result = await client.call('backup.restore', input, signal)
        const { epoch, seq } = result
        show(result, () => `${session} is back at ${from}, as epoch ${epoch} and change ${seq}\n`)
        if (result.replaced) note(`what it replaced is backup ${result.replaced.id}`)
      }),
    )
}
