import { resolve } from 'node:path'
import type { Command } from 'commander'
import { GatewayError } from '../../src/session/errors.ts'
import type { Imported } from '../../src/transfer/import-all.ts'
import type { Source } from '../../src/transfer/source.ts'
import { harmless } from '../../src/words/text.ts'
import { locateBucket, type BucketFlags } from '../shared/bucket.ts'
import { withDaemon, type Cli } from '../shared/cli.ts'
import type { CommonOptions, Context, Define } from '../shared/context.ts'
import { exitOfMoved, exitWith } from '../shared/exit.ts'
import { followRecovery } from '../shared/follow-recovery.ts'
import { passphrase } from '../shared/passphrase.ts'
import { showProgress } from '../shared/progress.ts'

interface ImportOptions extends BucketFlags {
  as?: string
  prefix?: string
  under?: string
  passphraseFile?: string
  despiteDamage?: boolean
  dryRun?: boolean
  connect?: boolean
}

const MORE = `
The path is a folder that useMultiFileAuthState wrote (with creds.json), a file of
\`backup export --format portable\`, or a tree with any number of both; --bucket reads sessions/<id>/<file>
from an S3 bucket, with MINIO_ACCESS_KEY and MINIO_SECRET_KEY of the environment. Nothing there is
changed. Each session is checked, stored and released; running the same again goes on where it stopped.

Stop the other gateway first: what it receives after the import is missing here, and two that run the
same session throw each other out. Without --connect nothing is connected, by a restart of the daemon
neither; \`session resume ID\`, or the same import with --connect, connects.

Examples:
  $ wa-gateway session import ./auth_info_baileys --as anna --connect
  $ wa-gateway session import /srv/old-gateway/sessions --dry-run
  $ wa-gateway session import --bucket whatsapp-sessions --endpoint minio.internal:9000
  $ wa-gateway session import ./anna.wagw --passphrase-file ./passphrase
`

export const define: Define = (command, context) => {
  command
    .argument('[path]', 'a folder, a tree of folders, or a portable file')
    .option('--bucket <name>', 'a bucket instead of a path; default: MINIO_BUCKET')
    .option('--endpoint <host[:port]>', 'of the bucket; default: MINIO_ENDPOINT and MINIO_PORT')
    .option('--tls', 'speak HTTPS with it; default: MINIO_USE_SSL')
    .option('--region <region>', 'of the bucket; default: MINIO_REGION')
    .option('--under <prefix>', 'where in the bucket the sessions are', 'sessions/')
    .option('--as <id>', 'the name of the one session here, instead of its folder')
    .option('--prefix <text>', 'put this before the name of every session')
    .option('--passphrase-file <file>', 'of portable files; else WA_GATEWAY_PASSPHRASE, or asked')
    .option('--despite-damage', 'go on without what cannot be read, as Baileys itself would')
    .option('--dry-run', 'read and check everything, and say what would be done')
    .option('--connect', 'connect them when all are imported: the other gateway is stopped')
    .addHelpText('after', MORE)
    .action(async (path: string | undefined, options: ImportOptions) => {
      assertTogether(path, options)
      await withDaemon(command, context, async (cli) => run(path, options, cli, command, context))
    })
}

async function run(
  path: string | undefined,
  options: ImportOptions,
  cli: Cli,
  command: Command,
  context: Context,
): Promise<void> {
  const { signal, json, line } = cli
  const { importAll } = await import('../../src/transfer/import-all.ts')
  const { source, close } = await openSource(path, options, command, context)
  const display = showProgress(context, json)
  try {
    const results = await importAll(
      source,
      async (session, state) => {
        const { connect, dryRun } = options
        const input = { session, state, ...(connect && { connect }), ...(dryRun && { dryRun }) }
        return (await cli.client.call('session.import', input, signal)).admission
      },
      (result) => {
        line({ type: 'session', ...result })
        display.set({ done: (display.now?.done ?? 0) + 1 })
        if (!json) display.print(told(result, options))
      },
      { ...options, signal },
    )
    display.end()
    if (results.length === 0) throw nothing(source)
    const counts = countsOf(results)
    line({ type: 'end', ...counts })
    if (!json) context.stdout.write(`${summary(counts, options)}\n`)
    const status = exitOfMoved(results)
    const here = results.filter(({ outcome }) => outcome === 'imported' || outcome === 'present')
    if (options.connect !== true || options.dryRun === true || here.length === 0)
      return exitWith(status)
    const sessions = here.map(({ session }) => session)
    return exitWith((await followRecovery(cli, context, { sessions })) || status)
  } finally {
    display.end()
    close()
  }
}

async function openSource(
  path: string | undefined,
  options: ImportOptions,
  command: Command,
  context: Context,
): Promise<{ source: Source; close: () => void }> {
  if (path === undefined) {
    const bucket = locateBucket(options, command.optsWithGlobals<CommonOptions>(), context)
    const { openBucket } = await import('../../src/transfer/bucket-source.ts')
    return openBucket(bucket, options.under)
  }
  const { folderSource } = await import('../../src/transfer/folder-source.ts')
  const { masterKeys } = await import('../../src/transfer/portable.ts')
  const ask = () => passphrase({ file: options.passphraseFile, fresh: false }, context)
  const source = await folderSource(resolve(context.cwd, path), masterKeys(ask))
  return { source, close: () => {} }
}

function told({ session, place, outcome, ...more }: Imported, { dryRun }: ImportOptions): string {
  const { keys, detail = '', todo, notes } = more
  const words = {
    imported: `${dryRun === true ? 'would be imported' : 'imported'} from ${place}, ${keys} keys`,
    present: 'is here already',
    skipped: `SKIPPED (${place}): ${detail}`,
    failed: `FAILED (${place}): ${detail}`,
  }
  const lines = [`${session}: ${words[outcome]}`]
  if (todo !== undefined) lines.push(`  try: ${todo}`)
  for (const note of notes) lines.push(`  note: ${note}`)
  return lines.map((line) => `${harmless(line)}\n`).join('')
}

type Counts = Record<Imported['outcome'], number>

function countsOf(results: readonly Imported[]): Counts {
  const counts: Counts = { imported: 0, present: 0, skipped: 0, failed: 0 }
  for (const { outcome } of results) counts[outcome]++
  return counts
}

function summary({ imported, present, skipped, failed }: Counts, options: ImportOptions): string {
  const { dryRun, connect } = options
  const counts = [
    `${imported} ${dryRun === true ? 'would be imported' : 'imported'}`,
    ...(present > 0 ? [`${present} here already`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  const quiet = imported > 0 && dryRun !== true && connect !== true
  return `${counts.join(', ')}${quiet ? '; not connected: add --connect when the other gateway is stopped' : ''}`
}

function nothing({ label }: Source): GatewayError {
  return new GatewayError({
    code: 'usage',
    subject: label,
    message: `there is no session in ${label}`,
    hint: 'name a folder with creds.json, a tree of them, or a bucket with sessions/<id>/creds.json',
  })
}

function assertTogether(path: string | undefined, options: ImportOptions): void {
  const { bucket, endpoint, as, prefix } = options
  const remote = bucket !== undefined || endpoint !== undefined
  const rules: [broken: boolean, words: string][] = [
    [path !== undefined && remote, 'a path goes without --bucket and --endpoint'],
    [path === undefined && !remote, 'name a path, or a bucket with --bucket'],
    [as !== undefined && prefix !== undefined, '--as and --prefix exclude each other'],
  ]
  const wrong = rules.find(([broken]) => broken)?.[1]
  if (wrong === undefined) return
  const hint = 'see `wa-gateway session import --help`'
  throw new GatewayError({ code: 'usage', message: wrong, hint })
}
