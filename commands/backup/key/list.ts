import { renderKeys } from '../../render/keys.ts'
import { withDaemon } from '../../shared/cli.ts'
import type { Define } from '../../shared/context.ts'

export const define: Define = (command, context) => {
  command.addHelpText('after', '\nExample:\n  $ wa-gateway backup key list\n').action(async () =>
    withDaemon(command, context, async ({ client, signal, show }) => {
      const result = await client.call('backup.key.list', {}, signal)
      show(result, () => renderKeys(result, context.columns))
    }),
  )
}
