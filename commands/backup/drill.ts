import { EXIT, GatewayError } from '../../src/session/errors.ts'
import { renderDrilled, renderDrill } from '../render/drill.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitWith } from '../shared/exit.ts'
import { follow } from '../shared/follow.ts'
import { tellWhenInterrupted } from '../shared/interrupted.ts'
import { percent } from '../shared/percent.ts'

interface DrillOptions {
  session?: string[]
  all?: boolean
  sample?: number
  login?: true | string
}

const MORE = `
Restores a copy of each session from the object store into a scratch place, which goes afterwards, and
holds it against its source byte for byte. Nothing is claimed and nothing changes. It never connects to
WhatsApp, where a copy would throw the real session out: --login logs each copy in at a simulator of
its own, where it reads a message and sends one; --login URL logs it in at one of \`wa-gateway simulator\`
that runs on this machine.

The end says what a loss of this host would cost now: how long until everything is back (RTO), what
would be lost (RPO), and which sessions are at risk. Exit status 11 where a restore failed.

Examples:
  $ wa-gateway backup drill --all
  $ wa-gateway backup drill --sample 5% --login
  $ wa-gateway backup drill --session anna --json
`

export const define: Define = (command, context) => {
  command
    .option('--session <id...>', 'these sessions')
    .option('--all', 'every session of this worker')
    .option('--sample <part>', 'a part of them, such as 5%', percent)
    .option('--login [url]', 'log each copy in at a simulator, never at WhatsApp')
    .addHelpText('after', MORE)
    .action(async ({ session, all, sample, login }: DrillOptions) => {
      const input = {
        ...chosen({ session, all, sample }),
        ...(login !== undefined && { login: login === true ? 'own' : login }),
      }
      let done = 0
      await withDaemon(command, context, async (cli) => {
        const work = () =>
          follow(cli, context, 'backup.drill', input, (event, display) => {
            if (event.type === 'session') {
              done++
              if (!cli.json) display.print(renderDrilled(event.result))
            } else if (event.type === 'end') {
              display.end()
              if (!cli.json) context.stdout.write(renderDrill(event.summary))
              exitWith(event.summary.failed > 0 ? EXIT.integrity : EXIT.ok)
            }
          })
        await tellWhenInterrupted(work, () => ({
          message: `stopped after ${done} sessions; the scratch place is gone, nothing else was touched`,
          hint: 'run it again, for a part of the sessions with --sample 5%',
        }))
      })
    })
}

function chosen({
  session,
  all,
  sample,
}: {
  [K in 'session' | 'all' | 'sample']: DrillOptions[K] | undefined
}) {
  const ways = [session, all, sample].filter((way) => way !== undefined)
  if (ways.length === 1) {
    if (session !== undefined) return { sessions: session }
    if (sample !== undefined) return { sample }
    return { all: true }
  }
  throw new GatewayError({
    code: 'usage',
    message:
      ways.length === 0 ? 'no session was named' : 'give one of --session, --all and --sample',
    hint: 'give --session ID, more than once if need be, or --all, or --sample 5%',
  })
}
