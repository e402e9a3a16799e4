import type { Event, Input, StreamName } from '../../src/control/api.ts'
import type { ProgressEvent } from '../../src/control/progress.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { Cli } from './cli.ts'
import type { Context } from './context.ts'
import { showProgress, type ProgressDisplay } from './progress.ts'

/**
 * Follows a long stream of the daemon: its `progress` events are shown, all its events are lines with
 * --json, and `told` gets each of the others. For work that ends with its caller and goes on where it
 * stopped when it is run again, which Ctrl-C then says.
 */
export async function follow<M extends StreamName>(
  {
    client,
    signal,
    json,
    line,
  }: Pick<Cli, 'signal' | 'json' | 'line'> & {
    client: Pick<Cli['client'], 'stream'>
  },
  context: Context,
  name: M,
  input: Input<M>,
  told: (event: Event<M>, display: ProgressDisplay) => void,
): Promise<void> {
  const display = showProgress(context, json)
  try {
    for await (const event of client.stream(name, input, signal)) {
      line(event)
      const progress = progressOf(event)
      if (progress === undefined) {
        told(event, display)
        continue
      }
      const { type: _, ...change } = progress
      const another = change.what !== undefined && change.what !== display.now?.what
      display.set({ ...(another && { began: Date.now(), before: change.done }), ...change })
    }
  } catch (error) {
    throw isInterrupted(error) ? stopped(error) : error
  } finally {
    display.end()
  }
}

/** The client has seen that it has the shape. */
const progressOf = (event: { type: string }) =>
  event.type === 'progress' ? (event as ProgressEvent) : undefined

function isInterrupted(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === 'interrupted'
}

function stopped(cause: GatewayError): GatewayError {
  return new GatewayError({
    code: 'interrupted',
    message: 'stopped; what was done so far stays done',
    hint: 'run it again to go on',
    cause,
  })
}
