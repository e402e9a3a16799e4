import type { Event } from '../../src/control/api.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { renderCopied, renderCopySummary } from '../render/copied.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitOfCopy, exitWith } from '../shared/exit.ts'
import { follow } from '../shared/follow.ts'

interface CopyOptions {
  to?: string
  from?: string
  session?: string[]
  all?: true
  prune?: true
}

const MORE = `
STORE is folder:/path, or s3://bucket/prefix at the endpoint that WA_GATEWAY_COPY_* name to the daemon.
Everything that it takes to recover sessions, and to go back with them, is copied while they run; each
session's copy is of one moment. Only what is missing is sent, so run it often; it can be stopped and run
again. Objects stay sealed as they are: the other site needs the same WA_GATEWAY_ENCRYPTION_KEY.

To recover at the other site, point a daemon's storage there, after the workers of the first are ended.
It is refused to copy over what was used there since. When the first store is lost, set a new one up and
bring everything back with --from; what a worker's own disk has is newer and stays.

Examples:
  $ wa-gateway backup copy --to folder:/mnt/second-site/objects
  $ wa-gateway backup copy --to s3://whatsapp-copy --prune --json
  $ wa-gateway backup copy --from s3://whatsapp-copy
`

type CopyEvent = Event<'backup.copy'>

export const define: Define = (command, context) => {
  command
    .option('--to <store>', 'copy there')
    .option('--from <store>', 'bring back from there what this store lacks')
    .option('--session <id...>', 'only these sessions')
    .option('--all', 'everything, which is so without --session')
    .option('--prune', 'delete there what no record names any more')
    .addHelpText('after', MORE)
    .action(async (options: CopyOptions) => {
      const input = inputOf(options)
      await withDaemon(command, context, async (cli) => {
        await follow(cli, context, 'backup.copy', input, (event: CopyEvent, display) => {
          if (event.type === 'progress') return
          if (event.type === 'session') {
            const words = renderCopied(event, input.direction)
            if (words !== undefined) display.say(words)
            return
          }
          display.end()
          if (!cli.json) display.print(renderCopySummary(event.summary))
          exitWith(exitOfCopy(event.summary, input.direction))
        })
      })
    })
}

function inputOf({ to, from, session, all, prune }: CopyOptions) {
  const store = to ?? from
  const wrong =
    store === undefined || (to !== undefined && from !== undefined)
      ? 'give either --to or --from'
      : session !== undefined && all === true
        ? '--session and --all exclude each other'
        : prune === true && to === undefined
          ? '--prune goes with --to'
          : undefined
  if (store === undefined || wrong !== undefined)
    throw new GatewayError({
      code: 'usage',
      message: wrong ?? 'no store was named',
      hint: 'see `wa-gateway backup copy --help`',
    })
  const direction = to === undefined ? ('from' as const) : ('to' as const)
  return { store, direction, ...(session && { sessions: session }), ...(prune && { prune }) }
}
