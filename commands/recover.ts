import { InvalidArgumentError } from 'commander'
import type { Input } from '../src/control/api.ts'
import { GatewayError } from '../src/session/errors.ts'
import { renderPlans } from './render/plan.ts'
import { withDaemon, type Cli } from './shared/cli.ts'
import { confirmed } from './shared/confirm.ts'
import type { Context, Define } from './shared/context.ts'
import { exitWith } from './shared/exit.ts'
import { parseFilter } from './shared/filter.ts'
import { followRecovery } from './shared/follow-recovery.ts'
import { GOING_BACK } from './shared/going-back.ts'
import { runOffline } from './shared/offline.ts'
import { time } from './shared/time.ts'
import { addTargets, targetsOf, type TargetOptions } from './shared/targets.ts'

interface RecoverOptions extends TargetOptions {
  filter?: string[]
  takeOver?: boolean
  dryRun?: boolean
  offline?: boolean
  from?: string
  at?: Date
  confirm?: string
  concurrency?: number
  /** Seconds. */
  deadline?: number
}

const EXAMPLES = `
Examples:
  $ wa-gateway recover --session anna --session ben
  $ wa-gateway recover --all --dry-run
  $ wa-gateway recover --filter state=failed,conflict
  $ wa-gateway recover --session anna --from 3-4711
  $ wa-gateway recover --all --offline
`

export const define: Define = (command, context) => {
  addTargets(command)
    .option('--filter <condition...>', 'those with this state=…, cause=… or id=prefix*')
    .option('--take-over', 'do not wait for another worker that owns a session to fall silent')
    .option('--dry-run', 'say what would be done with each session, and why; do nothing')
    .option('--from <backup>', 'go back to this backup first, as `backup list` names it')
    .option('--at <time>', 'go back to this moment first, such as 2026-01-31T08:00:00Z', time)
    .option('--confirm <session>', 'with --from and --at: its name, instead of being asked for it')
    .option('--offline', 'restore the local state while the daemon is down, connect nothing')
    .option('--concurrency <n>', 'sessions at the same time, instead of as configured', count)
    .option('--deadline <seconds>', 'what is not online by then has failed', count)
    .addHelpText('after', EXAMPLES)
    .action(async (options: RecoverOptions) => {
      assertTogether(options)
      if (options.offline === true) {
        if (options.session === undefined) targetsOf(options)
        return runOffline(command, context, options)
      }
      return withDaemon(command, context, (cli) => recover(cli, context, options))
    })
}

async function recover(cli: Cli, context: Context, options: RecoverOptions): Promise<void> {
  const { client, signal, show } = cli
  const target = await targetOf(cli, options)
  if (target === undefined) {
    show({ type: 'end', results: [] }, () => 'no session meets the filter\n')
    return
  }
  const input = { ...target, ...(options.takeOver && { takeOver: true }) }
  const { concurrency, deadline } = options
  if (options.dryRun === true) {
    const plan = await client.call('recover.plan', input, signal)
    show(plan, () => renderPlans(plan.plans, context.columns))
    return
  }
  const back = await backOf(cli, context, options)
  const limits = {
    ...(concurrency !== undefined && { concurrency }),
    ...(deadline !== undefined && { deadlineMs: deadline * 1_000 }),
  }
  exitWith(await followRecovery(cli, context, { ...input, ...back, ...limits }))
}

/** Undefined where the filter leaves nothing. */
async function targetOf(
  { client, signal }: Cli,
  { filter, ...options }: RecoverOptions,
): Promise<Pick<Input<'recover'>, 'sessions' | 'all'> | undefined> {
  if (filter === undefined) return targetsOf(options)
  const meets = parseFilter(filter)
  const { sessions } = await client.call('session.list', {}, signal)
  const ids = sessions.filter(meets).map(({ id }) => id)
  return ids.length === 0 ? undefined : { sessions: ids }
}

/** Where the session goes back to first, once a person said that it may. */
async function backOf(
  { note }: Cli,
  context: Context,
  { session, from, at, confirm }: RecoverOptions,
): Promise<Pick<Input<'recover'>, 'from' | 'at' | 'confirm'>> {
  const [id] = session ?? []
  if (id === undefined || (from === undefined && at === undefined)) return {}
  note(GOING_BACK)
  const where = from === undefined ? `${at?.toISOString()}` : `backup ${from}`
  return {
    confirm: await confirmed(id, `Taking ${id} back to ${where}`, confirm, context),
    ...(from !== undefined && { from }),
    ...(at !== undefined && { at: at.getTime() }),
  }
}

function assertTogether(options: RecoverOptions): void {
  const { session, all, filter, from, at, offline, dryRun, deadline } = options
  const back = from !== undefined || at !== undefined
  const rules: [broken: boolean, words: string][] = [
    [
      filter !== undefined && (session !== undefined || all !== undefined || offline === true),
      '--filter goes without --session, --all and --offline',
    ],
    [from !== undefined && at !== undefined, '--from and --at exclude each other'],
    [back && session?.length !== 1, '--from and --at go with one --session'],
    [
      back && (offline === true || dryRun === true),
      '--from and --at go without --offline and --dry-run',
    ],
    [
      offline === true && dryRun === true,
      '--dry-run asks the daemon, --offline is for when there is none',
    ],
    [deadline !== undefined && offline === true, '--deadline goes without --offline'],
  ]
  const wrong = rules.find(([broken]) => broken)?.[1]
  if (wrong === undefined) return
  throw new GatewayError({ code: 'usage', message: wrong, hint: 'see `wa-gateway recover --help`' })
}

function count(text: string): number {
  const n = Number(text)
  if (Number.isInteger(n) && n > 0) return n
  throw new InvalidArgumentError('a whole number above 0')
}
