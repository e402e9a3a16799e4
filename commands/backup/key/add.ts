import { renderKeys } from '../../render/keys.ts'
import { withDaemon } from '../../shared/cli.ts'
import type { Define } from '../../shared/context.ts'

const HOW = `
A new key is first read by all workers, which takes a few minutes, and then taken into use:

Example:
  $ wa-gateway backup key add
  $ sleep 180
  $ wa-gateway backup key rotate
`

export const define: Define = (command, context) => {
  command.addHelpText('after', HOW).action(async () =>
    withDaemon(command, context, async ({ client, signal, show, note }) => {
      const result = await client.call('backup.key.add', {}, signal)
      show(result, () => renderKeys(result, context.columns))
      note('`wa-gateway backup key rotate` takes it into use, once all workers have read it')
    }),
  )
}
