import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { ControlClient } from '../control/client.ts'
import type { Result } from '../control/api.ts'
import { GatewayError } from '../session/errors.ts'

const START_MS = 60_000

/** The daemon that the demo starts, kills and starts again. */
export class DaemonProcess {
  readonly client: ControlClient
  readonly #child: ChildProcess
  #log = ''

  constructor(
    command: readonly string[],
    env: Record<string, string>,
    socketPath: string,
    version: string,
  ) {
    const [program = process.execPath, ...args] = command
    this.#child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-4_000)
    })
    this.client = new ControlClient({ target: { socketPath }, version })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Polls the status until `done` says so. */
  async until(
    what: string,
    signal: AbortSignal,
    done: (status: Result<'status'>) => boolean,
  ): Promise<void> {
    const deadline = performance.now() + START_MS
    for (;;) {
      signal.throwIfAborted()
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        throw new GatewayError({
          code: 'internal',
          message: `the demo waited in vain for ${what}\n${this.#log}`,
        })
      }
      const status = await this.#status()
      if (status !== undefined && done(status)) return
      await sleep(25, undefined, { signal })
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.client.close()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill(signal)
    await exited
  }

  /** Undefined while the daemon does not answer yet. */
  async #status(): Promise<Result<'status'> | undefined> {
    try {
      return await this.client.call('status', {})
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'daemon.unreachable') return undefined
      throw error
    }
  }
}
