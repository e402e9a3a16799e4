import { renderCheck, renderSummary } from '../render/verified.ts'
import { withDaemon } from '../shared/cli.ts'
import type { Define } from '../shared/context.ts'
import { exitOfVerified, exitWith } from '../shared/exit.ts'
import { targetsOf, type TargetOptions } from '../shared/targets.ts'

interface VerifyOptions extends TargetOptions {
  readData?: boolean
}

const MORE = `
Reads the owner record, every snapshot and the log of each session as a recovery would, and changes
nothing. What is damaged is named, with the session and what to do; the exit status is 11 then.

Examples:
  $ wa-gateway backup verify --session anna
  $ wa-gateway backup verify --all --read-data --json
`

/** Checks between two words on how far it is. */
const EVERY = 100

export const define: Define = (command, context) => {
  command
    .option('--session <id...>', 'these sessions')
    .option('--all', 'everything in the object store, whoever owns it')
    .option('--read-data', 'also log that is only kept for going back, with --all')
    .addHelpText('after', MORE)
    .action(async ({ readData, ...targets }: VerifyOptions) => {
      const input = { ...targetsOf(targets), ...(readData === true && { readData }) }
      await withDaemon(command, context, async ({ client, signal, json, line, note }) => {
        let done = 0
        for await (const event of client.stream('backup.verify', input, signal)) {
          line(event)
          if (event.type === 'checked') {
            if (!json) context.stdout.write(renderCheck(event.check))
            if (++done % EVERY === 0) note(`${done} verified…`)
            continue
          }
          if (!json) context.stdout.write(renderSummary(event.summary))
          exitWith(exitOfVerified(event.summary))
        }
      })
    })
}
