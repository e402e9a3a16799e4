import { InvalidArgumentError, Option } from 'commander'
import type { Event } from '../src/control/api.ts'
import { LOG_LEVELS, type LogLevel } from '../src/control/log-levels.ts'
import { renderLogLine } from './render/log-line.ts'
import { withDaemon } from './shared/cli.ts'
import type { Define } from './shared/context.ts'
import { followEndless } from './shared/endless.ts'

const MOST = 10_000

const MORE = `
The daemon keeps its newest lines in memory, some thousands of them; older ones are where its stderr
goes, such as \`journalctl -u wa-gateway\`. With --follow a daemon that restarts is waited for.

Examples:
  $ wa-gateway logs
  $ wa-gateway logs --follow --level warn
  $ wa-gateway logs --session anna --lines 20 --json
`

interface LogsOptions {
  follow?: boolean
  lines: number
  level?: LogLevel
  session?: string
}

export const define: Define = (command, context) => {
  command
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('-n, --lines <n>', 'at most so many of the newest lines', count, 100)
    .addOption(new Option('--level <level>', 'only this level and graver').choices(LOG_LEVELS))
    .option('--session <id>', 'only lines about this session')
    .addHelpText('after', MORE)
    .action(async (options: LogsOptions) =>
      withDaemon(command, context, async (cli) => {
        const take = (event: Event<'logs'>) => {
          cli.line(event)
          if (!cli.json && event.type === 'line') context.stdout.write(renderLogLine(event))
        }
        const { client, signal } = cli
        const open = (again: boolean) =>
          client.stream('logs', again ? { ...options, lines: MOST } : options, signal)
        await followEndless(cli, open, take, options.follow === true)
      }),
    )
}

function count(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && value <= MOST) return value
  throw new InvalidArgumentError(`give a whole number from 0 to ${MOST}.`)
}
