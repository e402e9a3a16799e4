import { withDaemon } from './shared/cli.ts'
import type { Define } from './shared/context.ts'
import { readFleet } from './shared/read-fleet.ts'
import { renderWorkers } from './render/fleet.ts'

const MORE = `
Asks this host's daemon; while none answers, the database of WA_GATEWAY_FLEET_URL itself. A worker
that is silent has not been heard for half a minute: it was lost, or its way to the database was. Who
may write a session is decided in the object store, never here.

Examples:
  $ wa-gateway fleet
  $ wa-gateway fleet sessions --session anna
  $ wa-gateway fleet --json | jq -r '.workers[] | select(.standing == "silent").worker'
`

export const define: Define = (command, context) => {
  command.addHelpText('after', MORE).action(async () =>
    withDaemon(command, context, async (cli) => {
      const found = await readFleet(command, context, cli, {
        asked: () => cli.client.call('fleet.workers', {}, cli.signal),
        read: (reader) => reader.workers(),
      })
      cli.show(found, () => renderWorkers(found, context.columns))
    }),
  )
}
