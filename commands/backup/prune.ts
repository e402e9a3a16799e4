import { InvalidArgumentError } from 'commander'
import type { Event, Input } from '../../src/control/api.ts'
import { DURATION_WORDS, parseDuration } from '../../src/session/duration.ts'
import { renderBackups, renderPruned, renderPruneSummary } from '../render/pruned.ts'
import { withDaemon, type Cli } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Context, Define } from '../shared/context.ts'
import { exitOfPruned, exitWith } from '../shared/exit.ts'
import { follow } from '../shared/follow.ts'
import { targetsOf, type TargetOptions } from '../shared/targets.ts'

interface PruneOptions extends TargetOptions {
  keepLast?: number
  keepHourly?: number
  keepDaily?: number
  keepWithin?: number
  dropNamed?: string[]
  dryRun?: true
  confirm?: string
}

type Summary = Extract<Event<'backup.prune'>, { type: 'end' }>['summary']

const MORE = `
Without --keep-… the configured policy holds (WA_GATEWAY_KEEP_…), which the daemon applies by itself once
an hour. With one or more of them only those count, as with restic, and what keeps less than the
configured policy is shown first and asked about. Hours, days and ages count from now.

Whatever the policy says, these stay: the newest backup, and the newest that is sound, which is read to
be sure; what the point-in-time window needs; named ones until --drop-named; those made by hand or
replaced by a restore, the newest 20 for 30 days. Sessions that another worker owns are skipped.

Old ratchets undo forward secrecy: whoever gets hold of an old backup and has recorded the ciphertext
since can read it. Deleted backups cannot be brought back. It can be stopped and run again at any time.

Examples:
  $ wa-gateway backup prune --all --dry-run
  $ wa-gateway backup prune --session anna --keep-last 1 --keep-daily 7
  $ wa-gateway backup prune --all --keep-within 36h --confirm=all
  $ wa-gateway backup prune --session anna --drop-named before-move
`

export const define: Define = (command, context) => {
  command
    .option('--session <id...>', 'these sessions')
    .option('--all', 'everything in the object store')
    .option('--keep-last <n>', 'keep the newest so many', whole)
    .option('--keep-hourly <n>', 'keep the newest of each of the last so many hours', whole)
    .option('--keep-daily <n>', 'keep the newest of each of the last so many days (UTC)', whole)
    .option('--keep-within <duration>', 'keep all of this time, such as 36h or 7d', span)
    .option('--drop-named <name...>', 'delete the backups of these names too')
    .option('--dry-run', 'only tell what would go, and why the others stay')
    .option('--confirm <word>', "the session's name, or all, instead of being asked for it")
    .addHelpText('after', MORE)
    .action(async (options: PruneOptions) => {
      const input = inputOf(options)
      await withDaemon(command, context, async (cli) => {
        const summary =
          input.dryRun === true || input.policy === undefined
            ? await prune(cli, context, input)
            : await pruneStrictly(cli, context, input, options.confirm)
        exitWith(exitOfPruned(summary, input.sessions))
      })
    })
}

/** A policy from the command line: where it keeps less than the configured one, a person confirms it. */
async function pruneStrictly(
  cli: Cli,
  context: Context,
  input: Input<'backup.prune'>,
  given: string | undefined,
): Promise<Summary> {
  const word = input.sessions?.length === 1 ? (input.sessions[0] ?? 'all') : 'all'
  const quiet = given === word
  const look = { ...cli, json: cli.json || quiet, line: () => {}, note: () => {} }
  const plan = await prune(look, context, { ...input, dryRun: true })
  if (plan.stricter && plan.backups > 0) {
    const what = `Deleting ${plan.backups} backups of ${plan.sessions} sessions for good`
    await confirmed(word, what, given, context)
  }
  return prune(cli, context, { ...input, confirmed: true })
}

async function prune(
  cli: Pick<Cli, 'client' | 'signal' | 'json' | 'line' | 'note'>,
  context: Context,
  input: Input<'backup.prune'>,
): Promise<Summary> {
  const dryRun = input.dryRun === true
  let summary: Summary | undefined
  const unseen = new Set(input.dropNamed)
  await follow(cli, context, 'backup.prune', input, (event, display) => {
    if (event.type === 'end') {
      ;({ summary } = event)
      display.end()
      if (!cli.json) display.print(renderPruneSummary(summary))
    } else if (event.type === 'pruned') {
      const { pruned } = event
      for (const { name } of pruned.dropped) if (name !== undefined) unseen.delete(name)
      if (cli.json) return
      const whole = dryRun || input.sessions !== undefined
      display.print(whole ? renderBackups(pruned, dryRun, context.columns) : renderPruned(pruned))
    }
  })
  if (summary === undefined) throw new Error('the daemon ended without a summary')
  for (const name of unseen) cli.note(`no backup that could go is named '${name}'`)
  return summary
}

function inputOf(options: PruneOptions): Input<'backup.prune'> {
  const { keepLast, keepHourly, keepDaily, keepWithin, dropNamed, dryRun } = options
  const asked = [keepLast, keepHourly, keepDaily, keepWithin].some((value) => value !== undefined)
  const policy = {
    keepLast: keepLast ?? 0,
    keepHourly: keepHourly ?? 0,
    keepDaily: keepDaily ?? 0,
    keepWithin: keepWithin ?? 0,
  }
  return {
    ...targetsOf(options),
    ...(asked && { policy }),
    ...(dropNamed !== undefined && { dropNamed }),
    ...(dryRun === true && { dryRun }),
  }
}

function whole(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('give a whole number.')
}

function span(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  throw new InvalidArgumentError(`give ${DURATION_WORDS}.`)
}
