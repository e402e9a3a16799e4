import { resolve } from 'node:path'
import { GatewayError } from '../../src/session/errors.ts'
import type { ExportedSession } from '../../src/transfer/export-all.ts'
import type { MasterKey } from '../../src/transfer/portable.ts'
import { harmless } from '../../src/words/text.ts'
import { withDaemon, type Cli } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Context, Define } from '../shared/context.ts'
import { exitOfMoved, exitWith } from '../shared/exit.ts'
import { passphrase } from '../shared/passphrase.ts'
import { showProgress } from '../shared/progress.ts'
import { addTargets, targetsOf, type TargetOptions } from '../shared/targets.ts'

interface ExportOptions extends TargetOptions {
  to: string
  format: string
  from?: string
  passphraseFile?: string
  confirm?: string
}

const MORE = `
An export is the account: whoever has it is the session, and reads and writes as it. multi-file is a
folder a session that stock Baileys opens with useMultiFileAuthState, not encrypted. portable is one
encrypted file a session, which \`session import\` takes on any installation.

An export is a copy of this moment. Once the session goes on here, the copy grows old: connecting both
throws both out, and an old copy makes messages unreadable. Pause the session first where the copy is
to go on elsewhere, and delete it here with \`session forget\` once it does: \`session remove\` unlinks
the copy's device too. What lies in the folder already is left alone; running it again exports the rest.

Examples:
  $ wa-gateway session pause anna && wa-gateway backup export --session anna --to ./anna
  $ wa-gateway backup export --all --to /media/safe/export --format portable
  $ wa-gateway backup export --session anna --from 3-4711 --to ./anna-then
`

export const define: Define = (command, context) => {
  addTargets(command)
    .requiredOption('--to <folder>', 'a folder that does not exist yet, or one that this began')
    .option('--format <format>', 'multi-file or portable', 'multi-file')
    .option(
      '--from <backup>',
      'the state of this backup of the one session, instead of the present',
    )
    .option('--passphrase-file <file>', 'for portable; else WA_GATEWAY_PASSPHRASE, or asked')
    .option('--confirm <name>', "the session's name again, or `all`, instead of being asked for it")
    .addHelpText('after', MORE)
    .action(async (options: ExportOptions) => {
      const format = formatOf(options)
      await withDaemon(command, context, async (cli) => run(cli, context, options, format))
    })
}

async function run(
  cli: Cli,
  context: Context,
  options: ExportOptions,
  format: 'multi-file' | 'portable',
): Promise<void> {
  const { client, signal, json, line, note } = cli
  const target = targetsOf(options)
  const { sessions: known } = await client.call('session.list', {}, signal)
  const ids = 'sessions' in target ? [...new Set(target.sessions)] : known.map(({ id }) => id)
  if (ids.length === 0) throw nothing()
  const online = new Set(known.filter(({ state }) => state === 'online').map(({ id }) => id))
  const running = ids.filter((id) => online.has(id))
  if (running.length > 0 && options.from === undefined)
    note(`warning: online now, so the copy is old with the next message: ${running.join(', ')}`)
  const named = 'sessions' in target ? ids.join(',') : 'all'
  await confirmed(named, `Handing out ${accounts(ids.length)}`, options.confirm, context)
  const { exportAll } = await import('../../src/transfer/export-all.ts')
  const { newMasterKey } = await import('../../src/transfer/portable.ts')
  let key: Promise<MasterKey> | undefined
  const masterKey = async () => {
    key ??= passphrase({ file: options.passphraseFile, fresh: true }, context).then((words) =>
      newMasterKey(words),
    )
    return key
  }
  // Asked for before anything is handed out.
  if (format === 'portable') await masterKey()
  const display = showProgress(context, json)
  const backup = options.from === undefined ? {} : { backup: options.from }
  try {
    const results = await exportAll(
      ids,
      (session) => client.call('session.export', { session, confirm: session, ...backup }, signal),
      (result) => {
        line({ type: 'session', ...result })
        display.set({ done: (display.now?.done ?? 0) + 1, total: ids.length })
        if (!json) display.print(told(result))
      },
      {
        folder: resolve(context.cwd, options.to),
        format,
        signal,
        ...(format === 'portable' && { masterKey }),
      },
    )
    display.end()
    line({ type: 'end', ...countsOf(results) })
    exitWith(exitOfMoved(results))
  } finally {
    display.end()
  }
}

function told({ session, outcome, path = '', seq, at, keys, detail, todo }: ExportedSession) {
  const state = `change ${seq} of ${new Date(at ?? 0).toISOString()}, ${keys} keys`
  const words = {
    exported: `exported to ${path}: ${state}`,
    present: `lies at ${path} already: ${state}`,
    skipped: 'SKIPPED',
    failed: 'FAILED',
  }
  const lines = [`${session}: ${words[outcome]}${detail === undefined ? '' : `: ${detail}`}`]
  if (todo !== undefined) lines.push(`  try: ${todo}`)
  return lines.map((text) => `${harmless(text)}\n`).join('')
}

function countsOf(results: readonly ExportedSession[]): Record<ExportedSession['outcome'], number> {
  const counts = { exported: 0, present: 0, skipped: 0, failed: 0 }
  for (const { outcome } of results) counts[outcome]++
  return counts
}

const accounts = (n: number) => (n === 1 ? 'an account' : `${n} accounts`)

function formatOf({ format, from, session }: ExportOptions): 'multi-file' | 'portable' {
  const hint = 'see `wa-gateway backup export --help`'
  if (from !== undefined && session?.length !== 1)
    throw new GatewayError({ code: 'usage', message: '--from goes with one --session', hint })
  if (format === 'multi-file' || format === 'portable') return format
  throw new GatewayError({ code: 'usage', message: `there is no format '${format}'`, hint })
}

function nothing(): GatewayError {
  return new GatewayError({ code: 'usage', message: 'this worker has no sessions' })
}
