import type { Define } from './shared/context.ts'
import { withDaemon } from './shared/cli.ts'
import { exitOfRecovery, exitWith } from './shared/exit.ts'
import { addTargets, targetsOf, type TargetOptions } from './shared/targets.ts'
import { recoveryProgress, renderFailures, renderRecovery } from './render/recovery.ts'

export const define: Define = (command, context) => {
  addTargets(command)
    .option('--take-over', 'do not wait for another worker that owns a session to fall silent')
    .addHelpText(
      'after',
      '\nExamples:\n  $ wa-gateway recover --session anna --session ben\n  $ wa-gateway recover --all\n',
    )
    .action(async (options: TargetOptions & { takeOver?: boolean }) => {
      const input = { ...targetsOf(options), ...(options.takeOver && { takeOver: true }) }
      await withDaemon(command, context, async ({ client, signal, json, line, note }) => {
        for await (const event of client.stream('recover', input, signal)) {
          line(event)
          const progress = recoveryProgress(event)
          if (progress !== undefined) note(progress)
          if (event.type !== 'end') continue
          if (!json) context.stdout.write(renderRecovery(event.results, context.columns))
          const failures = renderFailures(event.results)
          if (failures !== '') context.stderr.write(`${failures}\n`)
          exitWith(exitOfRecovery(event.results))
        }
      })
    })
}
