import type { Input, Result } from '../../src/control/api.ts'
import { instant } from '../../src/words/time.ts'
import { renderTable } from '../render/table.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { time } from '../shared/time.ts'

interface DiffOptions {
  session: string
  keys?: true
  full?: true
}

type Side = Input<'backup.diff'>['a']

const MORE = `
A and B are backups, as \`backup list\` names them, exact moments such as @2026-01-31T08:00:00Z, or \`now\`
for the session's state as it is. Values are never shown, creds only by the names of the fields that differ.

Examples:
  $ wa-gateway backup diff --session anna 3-4711 now
  $ wa-gateway backup diff --session anna 3-4711 3-5200 --keys
  $ wa-gateway backup diff --session anna @2026-01-31T08:00:00Z now
`

export const define: Define = (command, context) => {
  command
    .argument('<a>', 'the earlier state', side)
    .argument('<b>', 'the later state', side)
    .requiredOption('--session <id>', 'the session')
    .option('--keys', 'also the ids of the keys, numbers in them shortened')
    .option('--full', 'with --keys, the whole ids: they have phone numbers')
    .addHelpText('after', MORE)
    .action(async (a: Side, b: Side, options: DiffOptions) =>
      withDaemon(command, context, async ({ client, signal, show }) => {
        const result = await client.call('backup.diff', { a, b, ...options }, signal)
        show(result, () => render(result, context.columns))
      }),
    )
}

function render(diff: Result<'backup.diff'>, columns?: number): string {
  const { a, b, types, creds, breaks } = diff
  const differ = types.filter(({ added, removed, changed }) => added + removed + changed > 0)
  const title = `from ${sideWords(a)} to ${sideWords(b)}\n`
  if (differ.length === 0 && creds.length === 0) return `${title}nothing differs\n`
  const rows = differ.map(({ type, added, removed, changed, same }) => [
    type,
    ...[added, removed, changed, same].map(String),
  ])
  const heading = ['KEYS', 'ADDED', 'REMOVED', 'CHANGED', 'SAME']
  const table = rows.length === 0 ? '' : renderTable(heading, rows, columns)
  const fields = creds.length === 0 ? '' : `creds: ${creds.join(', ')}\n`
  const lines = differ.flatMap(({ type, ids }) =>
    ids === undefined
      ? []
      : [
          ...ids.added.map((id) => `+ ${type} ${id}`),
          ...ids.removed.map((id) => `- ${type} ${id}`),
          ...ids.changed.map((id) => `~ ${type} ${id}`),
        ],
  )
  const means =
    breaks.length === 0
      ? ['going back breaks nothing that matters']
      : [`going back to ${nameOf(a)}:`, ...breaks.map((words) => `  ${words}`)]
  return `${title}${table}${fields}${[...lines, ...means].map((line) => `${line}\n`).join('')}`
}

/** A backup's id never begins with @, nor does its name. */
function side(text: string): Side {
  return text.startsWith('@') ? { at: time(text.slice(1)).getTime() } : text
}

function nameOf({ id }: Result<'backup.diff'>['a']): string {
  return id.startsWith('@') ? id.slice(1) : id
}

function sideWords(one: Result<'backup.diff'>['a']): string {
  const { id, seq, at } = one
  const made = id === 'now' || id.startsWith('@') ? '' : `, ${instant(at)}`
  return `${nameOf(one)} (change ${seq}${made})`
}
