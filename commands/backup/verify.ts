import { renderCheck, renderSummary } from '../render/verified.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitOfVerified, exitWith } from '../shared/exit.ts'
import { follow } from '../shared/follow.ts'
import { tellWhenInterrupted } from '../shared/interrupted.ts'
import { percent } from '../shared/percent.ts'
import { targetsOf, type TargetOptions } from '../shared/targets.ts'

interface VerifyOptions extends TargetOptions {
  readData?: true | number
}

const MORE = `
Reads the owner record, every snapshot and the log of each session as a recovery would, and changes
nothing. What is damaged is named, with the session and what to do; the exit status is 11 then.
What is whole but does not fit together is a warning. The daemon does the same by itself, so that
everything is read once a week (WA_GATEWAY_VERIFY_INTERVAL).

With a part, as --read-data=5%, the snapshots of that part of the sessions are read, and of the others
it is seen that they are there; running it again takes the next part.

Examples:
  $ wa-gateway backup verify --session anna
  $ wa-gateway backup verify --all --read-data --json
  $ wa-gateway backup verify --all --read-data=5%
`

export const define: Define = (command, context) => {
  command
    .option('--session <id...>', 'these sessions')
    .option('--all', 'everything in the object store, whoever owns it')
    .option('--read-data [part]', 'also log that is only kept for going back, with --all', percent)
    .addHelpText('after', MORE)
    .action(async ({ readData, ...targets }: VerifyOptions) => {
      const input = { ...targetsOf(targets), ...(readData !== undefined && { readData }) }
      let done = 0
      await withDaemon(command, context, async (cli) => {
        const work = () =>
          follow(cli, context, 'backup.verify', input, (event, display) => {
            if (event.type === 'checked') {
              done++
              if (!cli.json) display.print(renderCheck(event.check))
            } else if (event.type === 'end') {
              display.end()
              if (!cli.json) context.stdout.write(renderSummary(event.summary))
              exitWith(exitOfVerified(event.summary))
            }
          })
        await tellWhenInterrupted(work, () => ({
          message: `stopped after ${done} checks; what was found until then was told`,
          hint: 'name the sessions that are left with --session, or run it again for all',
        }))
      })
    })
}
