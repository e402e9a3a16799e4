import { renderKeys } from '../../render/keys.ts'
import { withDaemon } from '../../shared/cli.ts'
import type { Define } from '../../shared/context.ts'

const HOW = `
To change WA_GATEWAY_ENCRYPTION_KEY: give every worker "new,old" and restart it, rewrap once, then
give every worker "new" alone. What is stored is not written again; the keys in the store are.

Example:
  $ wa-gateway backup key rewrap
`

export const define: Define = (command, context) => {
  command.addHelpText('after', HOW).action(async () =>
    withDaemon(command, context, async ({ client, signal, show }) => {
      const result = await client.call('backup.key.rewrap', {}, signal)
      show(result, () => renderKeys(result, context.columns))
    }),
  )
}
