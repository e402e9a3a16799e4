import type { Event } from '../src/control/api.ts'
import { renderEvent } from './render/event.ts'
import { withDaemon } from './shared/cli.ts'
import type { Define } from './shared/context.ts'
import { followEndless } from './shared/endless.ts'

const MORE = `
Shows what happens from now on; what happened before is in \`logs\` and \`recoveries list\`. The texts of
messages are shown: mind who reads along.

Examples:
  $ wa-gateway events
  $ wa-gateway events --session anna
  $ wa-gateway events --follow --json | jq -r 'select(.type == "message") | .text'
`

export const define: Define = (command, context) => {
  command
    .option('-f, --follow', 'wait for a daemon that restarts, instead of ending with it')
    .option('--session <id>', 'only what happens to this session')
    .addHelpText('after', MORE)
    .action(async (options: { follow?: boolean; session?: string }) =>
      withDaemon(command, context, async (cli) => {
        const { session } = options
        const input = session === undefined ? {} : { session }
        const take = (event: Event<'events'>) => {
          cli.line(event)
          if (!cli.json) context.stdout.write(renderEvent(event, Date.now()) ?? '')
        }
        const open = () => cli.client.stream('events', input, cli.signal)
        await followEndless(cli, open, take, options.follow === true)
      }),
    )
}
