import type { Input } from '../../src/control/api.ts'
import { renderFailures, renderRecovery } from '../render/recovery.ts'
import type { Cli } from './cli.ts'
import type { Context } from './context.ts'
import { exitOfRecovery } from './exit.ts'
import { showRecovery } from './recovery-progress.ts'

/** Brings sessions online and shows how it goes; returns the exit status. */
export async function followRecovery(
  { client, signal, json, line }: Cli,
  context: Context,
  input: Input<'recover'>,
): Promise<number> {
  const progress = showRecovery(context, json)
  let status = 0
  try {
    for await (const event of client.stream('recover', input, signal)) {
      line(event)
      progress.tell(event)
      if (event.type !== 'end') continue
      progress.end()
      if (!json) context.stdout.write(renderRecovery(event.results, context.columns))
      const failures = renderFailures(event.results)
      if (failures !== '') context.stderr.write(`${failures}\n`)
      status = exitOfRecovery(event.results)
    }
  } finally {
    progress.end()
  }
  return status
}
