import { renderKeys } from '../../render/keys.ts'
import { withDaemon } from '../../shared/cli.ts'
import { confirmed } from '../../shared/confirm.ts'
import type { Define } from '../../shared/context.ts'
import { follow } from '../../shared/follow.ts'

const WHAT = `
Refused while anything is sealed with it: \`backup key reencrypt\` sees to that. A second site that was
copied to keeps what is under it until \`backup copy\` ran again.

Example:
  $ wa-gateway backup key remove 0123456789abcdef
`

interface RemoveOptions {
  confirm?: string
  force?: boolean
}

export const define: Define = (command, context) => {
  command
    .argument('<key>', 'the key, as `backup key list` names it')
    .option('--confirm <key>', "the key's id again, instead of being asked for it")
    .option('--force', 'even where other workers may still write with it')
    .addHelpText('after', WHAT)
    .action(async (key: string, { confirm: given, force }: RemoveOptions) =>
      withDaemon(command, context, async (cli) => {
        const confirm = await confirmed(key, `Removing key ${key} for good`, given, context)
        const input = { key, confirm, ...(force && { force }) }
        await follow(cli, context, 'backup.key.remove', input, (event, display) => {
          if (event.type !== 'end') return
          display.end()
          if (!cli.json) display.print(renderKeys(event, context.columns))
        })
      }),
    )
}
