import { GatewayError } from '../../src/session/errors.ts'
import { renderFleetSessions } from '../render/fleet.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { readFleet } from '../shared/read-fleet.ts'

const MORE = `
The state of a session whose worker is not heard is what it was when that worker was heard last.

Examples:
  $ wa-gateway fleet sessions
  $ wa-gateway fleet sessions --session anna
  $ wa-gateway fleet sessions --worker worker-2
`

export const define: Define = (command, context) => {
  command
    .option('--session <id>', 'where this session is')
    .option('--worker <name>', 'only those that this worker lists')
    .addHelpText('after', MORE)
    .action(async (query: { session?: string; worker?: string }) =>
      withDaemon(command, context, async (cli) => {
        const found = await readFleet(command, context, cli, {
          asked: () => cli.client.call('fleet.sessions', query, cli.signal),
          read: (reader) => reader.sessions(query),
        })
        const { session, worker } = query
        if (session !== undefined && found.sessions.length === 0) throw unlisted(session, worker)
        cli.show(found, () => renderFleetSessions(found, context.columns))
      }),
    )
}

function unlisted(session: string, worker: string | undefined): GatewayError {
  const who =
    worker === undefined ? 'no worker of the fleet lists' : `worker ${worker} does not list`
  return new GatewayError({
    code: 'session.unknown',
    subject: session,
    message: `${who} session ${session}`,
    hint: 'see `wa-gateway fleet sessions`, and what is stored with `wa-gateway backup list --everywhere`',
  })
}
