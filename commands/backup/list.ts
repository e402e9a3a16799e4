import type { Result } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { duration, instant } from '../../src/words/time.ts'
import { renderTable } from '../render/table.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitWith } from '../shared/exit.ts'
import { EXIT } from '../../src/session/errors.ts'

const MORE = `
VERIFIED says when the backup was last read whole, by \`backup verify\` or the daemon itself.

Examples:
  $ wa-gateway backup list --session anna
  $ wa-gateway backup list --everywhere --json
`

type Listed = Result<'backup.list'>

export const define: Define = (command, context) => {
  command
    .option('--session <id>', 'only the backups of this session')
    .option('--everywhere', 'also of sessions in the object store that this worker does not have')
    .addHelpText('after', MORE)
    .action(async (options: { session?: string; everywhere?: boolean }) =>
      withDaemon(command, context, async ({ client, signal, show, note }) => {
        const result = await client.call('backup.list', options, signal)
        show(result, () => render(result, Date.now(), context.columns))
        for (const { sessionId, detail } of result.unread) note(`${sessionId}: ${detail}`)
        if (result.unread.length > 0) exitWith(EXIT.partial)
      }),
    )
}

function render({ backups }: Listed, now: number, columns?: number): string {
  if (backups.length === 0) return 'no backups\n'
  const rows = backups.map((backup) => [
    backup.sessionId,
    backup.id,
    instant(backup.createdAt),
    bytes(backup.size),
    backup.trigger,
    verifiedWords(backup.verified, now),
    [backup.name ?? [], backup.newest ? 'newest' : []].flat().join(', '),
  ])
  const heading = ['SESSION', 'BACKUP', 'MADE', 'SIZE', 'BY', 'VERIFIED', 'NAME']
  return renderTable(heading, rows, columns)
}

function verifiedWords(verified: Listed['backups'][number]['verified'], now: number): string {
  if (verified === undefined) return 'never'
  return verified.sound ? `${duration(now - verified.at)} ago` : 'DAMAGED'
}
