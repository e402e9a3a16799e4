import { renderBackup } from '../render/backup.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitWith } from '../shared/exit.ts'
import { EXIT } from '../../src/session/errors.ts'

const MORE = `
Reads the backup whole and says what it holds, without anything secret, what going back to it would
undo, and since when the session can go back to any moment (\`backup restore --at\`). The id or name
needs --session where several sessions have it.

Examples:
  $ wa-gateway backup show 3-4711 --session anna
  $ wa-gateway backup show before-upgrade --json
`

export const define: Define = (command, context) => {
  command
    .argument('<backup>', 'its id or name, as `backup list` shows it')
    .option('--session <id>', 'whose backup it is')
    .addHelpText('after', MORE)
    .action(async (backup: string, options: { session?: string }) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const result = await client.call('backup.show', { backup, ...options }, signal)
        show(result, () => renderBackup(result, Date.now(), context.columns))
        if (result.damage !== undefined) exitWith(EXIT.integrity)
      }),
    )
}
