import type { Result } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { renderTable } from '../render/table.ts'
import { instant } from '../../src/words/time.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'

export const define: Define = (command, context) => {
  command
    .option('--session <id>', 'only the backups of this session')
    .addHelpText('after', '\nExample:\n  $ wa-gateway backup list --session anna\n')
    .action(async (options: { session?: string }) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const result = await client.call('backup.list', options, signal)
        show(result, () => render(result, context.columns))
      }),
    )
}

function render({ backups }: Result<'backup.list'>, columns?: number): string {
  if (backups.length === 0) return 'no backups\n'
  const rows = backups.map((backup) => [
    backup.sessionId,
    backup.id,
    instant(backup.createdAt),
    bytes(backup.size),
    String(backup.keys),
    backup.trigger,
    backup.name ?? '',
    backup.newest ? 'newest' : '',
  ])
  return renderTable(['SESSION', 'BACKUP', 'MADE', 'SIZE', 'KEYS', 'BY', 'NAME', ''], rows, columns)
}
