import type { Examined } from '../src/doctor/doctor.ts'
import { EXIT } from '../src/session/errors.ts'
import { renderCounts, renderExamined } from './render/examined.ts'
import { timeLimit } from './shared/cli.ts'
import type { CommonOptions, Define } from './shared/context.ts'
import { exitWith } from './shared/exit.ts'

const MORE = `
Looks at what a worker rests on, with the configuration of this shell, whether a daemon runs or not:
each finding is pass, warn, fail or skip, with what to do. It changes nothing; what it writes to the
store and the disk to prove them is removed again. The exit status is 1 when something failed, and 78
when the configuration did.

Examples:
  $ wa-gateway doctor
  $ wa-gateway doctor --only store --only bucket-rules
  $ wa-gateway doctor --json | jq '.checks[] | select(.verdict == "fail")'
`

export const define: Define = (command, context) => {
  command
    .option('--only <check...>', 'these checks, by the ids that --json shows')
    .addHelpText('after', MORE)
    .action(async ({ only }: { only?: string[] }) => {
      // What the checks need takes longer to load than all else.
      const { count } = await import('../src/doctor/doctor.ts')
      const { examination } = await import('./shared/examine.ts')
      const options = command.optsWithGlobals<CommonOptions>()
      const json = options.json === true
      const limit = timeLimit(options.timeout, 0, 'nothing was changed')
      const signal = AbortSignal.any([context.signal, limit.signal])
      const checks: Examined[] = []
      try {
        for await (const examined of examination(options, context, signal, only)) {
          checks.push(examined)
          if (!json) context.stdout.write(renderExamined(examined))
        }
      } finally {
        limit.clear()
      }
      const counts = count(checks)
      context.stdout.write(
        json ? `${JSON.stringify({ counts, checks })}\n` : `\n${renderCounts(counts)}`,
      )
      exitWith(exitOf(checks))
    })
}

function exitOf(checks: readonly Examined[]): number {
  const bad = checks.filter(({ verdict }) => verdict === 'fail')
  if (bad.some(({ id }) => id === 'configuration')) return EXIT.configuration
  return bad.length > 0 ? EXIT.failed : EXIT.ok
}
