import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ControlClient } from '../../src/control/client.ts'
import type { Event, Result } from '../../src/control/api.ts'

export const BIN = fileURLToPath(new URL('../../dist/bin/wa-gateway.js', import.meta.url))

export type Environment = Record<string, string>

/** Polls until `look` gives something; fails with what it last saw. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`, { cause: last })
    await sleep(25)
  }
}

/** A daemon as a process of its own, run as its users run it. */
export class GatewayProcess {
  readonly child: ChildProcess
  readonly client: ControlClient
  /** Everything it wrote to stdout and stderr. */
  output = ''
  readonly #closed: Promise<unknown>

  private constructor(child: ChildProcess, socketPath: string) {
    this.child = child
    this.#closed = once(child, 'close')
    this.client = new ControlClient({ target: { socketPath }, version: 'test' })
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    }
  }

  /** Starts a daemon without waiting for anything, under `ulimit` with these arguments if given. */
  static spawn(env: Environment, limits?: string): GatewayProcess {
    const stateDir = env['WA_GATEWAY_STATE_DIR']
    if (stateDir === undefined) throw new Error('the tests need a WA_GATEWAY_STATE_DIR')
    const daemon = [process.execPath, BIN, 'daemon'] as const
    const [file, ...args] =
      limits === undefined
        ? daemon
        : (['bash', '-c', `ulimit ${limits} && exec "$@"`, 'bash', ...daemon] as const)
    const child = spawn(file, args, {
      env: { PATH: process.env['PATH'], HOME: stateDir, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: '/',
    })
    return new GatewayProcess(child, env['WA_GATEWAY_SOCKET'] ?? join(stateDir, 'control.sock'))
  }

  /** Starts a daemon and waits until its first recovery has settled. */
  static async start(env: Environment): Promise<GatewayProcess> {
    const gateway = GatewayProcess.spawn(env)
    await gateway.untilRunning()
    return gateway
  }

  async untilRunning(): Promise<Result<'status'>> {
    return this.eventually('the daemon to be ready', async () => {
      const status = await this.client.call('status', {})
      return status.ready ? status : undefined
    })
  }

  /** Like `eventually`, but a daemon that has ended fails at once, with what it printed. */
  async eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    try {
      const found = await eventually<{ value?: T }>(what, async () => {
        if (this.ended) return {}
        const value = await look()
        return value === undefined ? undefined : { value }
      })
      if (found.value === undefined) throw new Error('the daemon has ended')
      return found.value
    } catch (error) {
      throw new Error(`${String(error)}\n${this.output.slice(-4000)}`, { cause: error })
    }
  }

  async untilOnline(ids: readonly string[]): Promise<void> {
    await this.eventually(`${ids.length} sessions to be online`, async () => {
      const { sessions } = await this.client.call('session.list', {})
      const online = new Set(sessions.filter((s) => s.state === 'online').map((s) => s.id))
      return ids.every((id) => online.has(id)) ? true : undefined
    })
  }

  /** Pairs a session; `show` gets what a person would be shown. */
  async pair(
    session: string,
    show: (event: Event<'session.pair'>) => void,
    request: { phone?: string } = {},
  ): Promise<void> {
    let paired = false
    for await (const event of this.client.stream('session.pair', { session, ...request })) {
      if (event.type === 'result') paired = true
      else show(event)
    }
    if (!paired) throw new Error(`${session} was not paired`)
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** It has ended, or was told to. */
  get killed(): boolean {
    return this.ended || this.child.killed
  }

  /** Sends a signal and waits for the end; resolves with the exit status or the signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    await this.client.close()
    if (!this.ended) this.child.kill(signal)
    return this.end()
  }

  /** Waits for the end, by itself, and for all of the output; resolves with the status or signal. */
  async end(): Promise<number | NodeJS.Signals> {
    await this.#closed
    return this.child.exitCode ?? this.child.signalCode ?? 'SIGKILL'
  }
}
