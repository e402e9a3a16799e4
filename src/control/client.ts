import { setTimeout as sleep } from 'node:timers/promises'
import { Pool, type Dispatcher } from 'undici'
import type { z } from 'zod'
import { errorFromJson, GatewayError } from '../session/errors.ts'
import {
  METHODS,
  PROTOCOL,
  streamError,
  type CallName,
  type Event,
  type Input,
  type MethodName,
  type Result,
  type StreamName,
} from './api.ts'
import { dialError, hung, type Target } from './dial.ts'
import type { MethodSpec } from './method-spec.ts'
import { readLines } from './ndjson.ts'
import { requestOf } from './request.ts'
import { PROTOCOL_HEADER, VERSION_HEADER } from './version.ts'

export interface ClientOptions {
  target: Target
  /** The client's own version. */
  version: string
  /** Called once where the daemon runs another version. */
  onSkew?: (daemonVersion: string) => void
  /** After how long without an answer the daemon is asked whether it lives. Milliseconds. */
  patienceMs?: number
}

const PATIENCE_MS = 5_000

/**
 * The control API, typed from its method table. Everything rejects with GatewayErrors: the daemon's
 * own, or `daemon.unreachable` and `daemon.permission` that say how it could not be reached.
 */
export class ControlClient {
  readonly #options: ClientOptions
  readonly #pool: Pool
  readonly #patienceMs: number
  #skewTold = false

  constructor(options: ClientOptions) {
    const { target } = options
    this.#options = options
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
    const socketPath = 'socketPath' in target ? target.socketPath : null
    this.#pool = new Pool('url' in target ? target.url : 'http://daemon', {
      connect: { timeout: this.#patienceMs, socketPath },
      // Calls may take minutes; #answer watches over the daemon meanwhile.
      headersTimeout: 0,
      // An idle stream has a heartbeat every five seconds.
      bodyTimeout: this.#patienceMs * 4,
    })
  }

  async call<M extends CallName>(
    name: M,
    input: Input<M>,
    signal?: AbortSignal,
  ): Promise<Result<M>> {
    const { body } = await this.#open(name, input as object, signal)
    return this.#check(METHODS[name].result, await this.#read(body.json())) as Result<M>
  }

  /**
   * Leaving the loop, or the signal, detaches; an operation goes on in the daemon. A signal
   * aborts with a GatewayError as its reason, which is then thrown.
   */
  async *stream<M extends StreamName>(
    name: M,
    input: Input<M>,
    signal?: AbortSignal,
  ): AsyncGenerator<Event<M>, void, void> {
    const spec: MethodSpec & { events: z.ZodType } = METHODS[name]
    const { body } = await this.#open(name, input as object, signal)
    const lines = readLines(body)
    let ended = false
    try {
      for (;;) {
        const line = await this.#read(lines.next())
        if (line.done) break
        const failed = streamError.safeParse(line.value)
        if (failed.success) throw errorFromJson(failed.data.error)
        const event = this.#check(spec.events, line.value)
        ended = isLast(event)
        yield event as Event<M>
      }
    } finally {
      // Closes the connection of a caller that left early.
      await lines.return(undefined)
    }
    if (!ended && !spec.endless) throw dialError(undefined, this.#options.target)
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  async #open(name: MethodName, input: object, signal?: AbortSignal) {
    const { body, ...request } = requestOf(name, input)
    const { target } = this.#options
    const token = 'token' in target ? target.token : undefined
    const answer = await this.#answer({
      ...request,
      ...(body !== undefined && { body }),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(signal && { signal }),
    })
    this.#compareVersions(answer.headers)
    if (answer.statusCode === 200) return answer
    const { error } = (await this.#read(answer.body.json())) as { error?: unknown }
    const failed = streamError.shape.error.safeParse(error)
    if (failed.success) throw errorFromJson(failed.data)
    throw this.#foreign(`HTTP ${answer.statusCode}`)
  }

  /** Waits for the reply's headers as long as the daemon shows that it lives. */
  async #answer(request: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const answer = this.#read(this.#pool.request(request))
    const waiting = new AbortController()
    try {
      return await Promise.race([answer, this.#watch(waiting.signal)])
    } finally {
      waiting.abort()
    }
  }

  async #watch(signal: AbortSignal): Promise<never> {
    for (;;) {
      await sleep(this.#patienceMs, undefined, { signal })
      try {
        const timeout = AbortSignal.timeout(this.#patienceMs)
        const { body } = await this.#pool.request({
          method: 'GET',
          path: '/livez',
          signal: timeout,
        })
        await body.dump()
      } catch (error) {
        throw hung(this.#options.target, error)
      }
    }
  }

  async #read<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading
    } catch (error) {
      // The reason with which the caller's own signal aborted.
      if (error instanceof GatewayError) throw error
      if (error instanceof SyntaxError) throw this.#foreign(error.message, error)
      throw dialError(error, this.#options.target)
    }
  }

  /** The value as it came, additions of a newer daemon included, once its known part fits. */
  #check(schema: z.ZodType, value: unknown): unknown {
    const checked = schema.safeParse(value)
    if (checked.success) return value
    throw this.#foreign('its reply has another shape', checked.error)
  }

  #compareVersions(headers: Record<string, string | string[] | undefined>): void {
    const version = headers[VERSION_HEADER]
    if (typeof version !== 'string') throw this.#foreign('its reply names no version')
    if (headers[PROTOCOL_HEADER] !== String(PROTOCOL))
      throw this.#foreign(`it runs version ${version}, this is ${this.#options.version}`)
    if (version === this.#options.version || this.#skewTold) return
    this.#skewTold = true
    this.#options.onSkew?.(version)
  }

  #foreign(detail: string, cause?: unknown): GatewayError {
    return new GatewayError({
      code: 'daemon.protocol',
      message: `the daemon was not understood: ${detail}`,
      hint: 'run the same version of wa-gateway on both sides; restart the daemon after an update',
      cause,
    })
  }
}

const isLast = (event: unknown) =>
  typeof event === 'object' &&
  event !== null &&
  'type' in event &&
  (event.type === 'result' || event.type === 'end')
