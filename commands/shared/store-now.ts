import type { Command } from 'commander'
import { renderNotStored, renderStored } from '../render/stored.ts'
import { withDaemon } from './cli.ts'
import type { Context } from './context.ts'
import { exitOfStored, exitWith } from './exit.ts'
import { addTargets, targetsOf, type TargetOptions } from './targets.ts'

type Options = TargetOptions & { name?: string }

/** The body of `preserve` and `backup create`, which differ in why the snapshot is kept. */
export function defineStoring(
  command: Command,
  context: Context,
  method: 'preserve' | 'backup.create',
): void {
  addTargets(command).action(async ({ name, ...options }: Options) => {
    const input = { ...targetsOf(options), ...(name !== undefined && { name }) }
    await withDaemon(command, context, async ({ client, signal, json, line }) => {
      for await (const event of client.stream(method, input, signal)) {
        line(event)
        if (event.type !== 'end') continue
        if (!json) context.stdout.write(renderStored(event.results, context.columns))
        const missing = renderNotStored(event.results)
        if (missing !== '') context.stderr.write(`${missing}\n`)
        exitWith(exitOfStored(event.results))
      }
    })
  })
}
