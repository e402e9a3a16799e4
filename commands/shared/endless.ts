import { setTimeout as sleep } from 'node:timers/promises'
import { EXIT, GatewayError } from '../../src/session/errors.ts'
import type { Cli } from './cli.ts'
import { ExitStatus } from './exit.ts'

const AGAIN_MS = 1_000

/**
 * Hands over the events of a stream until it ends, Ctrl-C (status 130, without words: there is no
 * other way to leave) or --timeout. With `stay` a daemon that was reached and goes away is waited
 * for; `open` is then called again, with true.
 */
export async function followEndless<E>(
  { signal, note }: Pick<Cli, 'signal' | 'note'>,
  open: (again: boolean) => AsyncIterable<E>,
  take: (event: E) => void,
  stay: boolean,
): Promise<void> {
  let [reached, again] = [false, false]
  for (;;) {
    try {
      for await (const event of open(again)) {
        reached = true
        take(event)
      }
      return
    } catch (error) {
      throwIfInterrupted(signal)
      const gone = error instanceof GatewayError && error.code === 'daemon.unreachable'
      if (!gone || !reached || !stay) throw error
    }
    if (!again) note('the daemon went away; waiting for it')
    again = true
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => {
      throwIfInterrupted(signal)
      throw signal.reason
    })
  }
}

function throwIfInterrupted({ aborted, reason }: AbortSignal): void {
  if (aborted && reason instanceof GatewayError && reason.code === 'interrupted')
    throw new ExitStatus(EXIT.interrupted)
}
