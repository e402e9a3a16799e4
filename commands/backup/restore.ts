import type { Command } from 'commander'
import type { Input, Result } from '../../src/control/api.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { renderRestorePlan } from '../render/restore-plan.ts'
import { withDaemon } from '../shared/cli.ts'
import { confirmed } from '../shared/confirm.ts'
import type { Define } from '../shared/context.ts'
import { GOING_BACK } from '../shared/going-back.ts'
import { time } from '../shared/time.ts'

interface RestoreOptions {
  session: string
  from?: string
  at?: Date
  undo?: true
  dryRun?: true
  confirm?: string
}

type Plan = Result<'backup.restore.plan'>
type Target = Pick<Input<'backup.restore.plan'>, 'backup' | 'at' | 'undo'>

const MORE = `
--at brings back the state after the last change that was made by then, to the millisecond: a backup and
the log behind it. \`backup show\` and the plan say how far back that is possible.

${GOING_BACK}

Examples:
  $ wa-gateway backup restore --session anna --from 3-4711 --dry-run
  $ wa-gateway session pause anna
  $ wa-gateway backup restore --session anna --at 2026-01-31T08:00:00Z
  $ wa-gateway session resume anna
  $ wa-gateway backup restore --session anna --undo
`

export const define: Define = (command, context) => {
  addTarget(command)
    .option('--dry-run', 'only say what it would do and break')
    .option('--confirm <session>', "the session's name again, instead of being asked for it")
    .addHelpText('after', MORE)
    .action(async (options: RestoreOptions) => {
      const target = targetOf(options)
      const { session } = options
      return withDaemon(command, context, async ({ client, signal, show, note }) => {
        const plan = await client.call('backup.restore.plan', { session, ...target }, signal)
        if (options.dryRun === true) return show(plan, () => renderRestorePlan(plan))
        note(renderRestorePlan(plan).trimEnd())
        if (plan.refused) throw refused(plan, plan.refused)
        const what = `Taking ${session} back${undoing(plan)}`
        const confirm = await confirmed(session, what, options.confirm, context)
        const input = { session, ...target, confirm }
        const result = await client.call('backup.restore', input, signal)
        const where = wordsOf(options)
        const { epoch, seq } = result
        show({ ...result, plan }, () => {
          return `${session} is back ${where}, as epoch ${epoch} and change ${seq}\n`
        })
        if (result.replaced) note(`what it replaced is backup ${result.replaced.id}`)
      })
    })
}

function addTarget(command: Command): Command {
  return command
    .requiredOption('--session <id>', 'the session, which must be paused')
    .option('--from <backup>', 'go back to this backup, as `backup list` names it')
    .option('--at <time>', 'go back to this moment, such as 2026-01-31T08:00:00Z', time)
    .option('--undo', 'bring back what the last going back replaced')
}

function targetOf({ from, at, undo }: RestoreOptions): Target {
  const given = [from, at, undo].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw new GatewayError({
      code: 'usage',
      message: 'say where to go back to',
      hint: 'give one of --from BACKUP, --at TIME and --undo',
    })
  if (from !== undefined) return { backup: from }
  return at === undefined ? { undo: true } : { at: at.getTime() }
}

function wordsOf({ from, at }: RestoreOptions): string {
  if (from !== undefined) return `at ${from}`
  return at === undefined ? 'at what was replaced' : `at ${at.toISOString()}`
}

function undoing({ undone }: Plan): string {
  return undone.changes === 0 ? '' : ` undoes ${undone.changes} changes`
}

function refused({ sessionId }: Plan, { why, todo }: NonNullable<Plan['refused']>): GatewayError {
  return new GatewayError({ code: 'session.busy', subject: sessionId, message: why, hint: todo })
}
