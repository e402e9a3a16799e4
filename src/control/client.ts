import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorFromJson, GatewayError, type ErrorJson } from '../session/errors.ts'
import type { CallName, Event, Input, MethodName, Result, StreamName } from './api.ts'
import { dialError, hung, type Target } from './dial.ts'
import { exchange } from './exchange.ts'
import { readLines } from './ndjson.ts'
import { requestOf, type WireRequest } from './request.ts'
import { misfit, type Shape } from './shape.ts'
import { PROTOCOL, PROTOCOL_HEADER, VERSION_HEADER } from './version.ts'
import { FAILURE, WIRE } from './wire-table.ts'

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
  readonly #closed = new AbortController()
  readonly #patienceMs: number
  #skewTold = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS
  }

  async call<M extends CallName>(
    name: M,
    input: Input<M>,
    signal?: AbortSignal,
  ): Promise<Result<M>> {
    const body = await this.#open(name, input as object, signal)
    const value = await this.#read(json(body), signal)
    return this.#check(WIRE[name].answer, value) as Result<M>
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
    const { answer, endless } = WIRE[name]
    const lines = readLines(await this.#open(name, input as object, signal))
    let ended = false
    try {
      for (;;) {
        const line = await this.#read(lines.next(), signal)
        if (line.done) break
        const type = typeOf(line.value)
        if (type === 'error') throw this.#failure(line.value)
        const event = this.#check(answer, line.value)
        ended = type === 'result' || type === 'end'
        yield event as Event<M>
      }
    } finally {
      // Closes the connection of a caller that left early.
      await lines.return(undefined)
    }
    if (!ended && endless !== true) throw dialError(undefined, this.#options.target)
  }

  /** Ends whatever is under way. */
  async close(): Promise<void> {
    this.#closed.abort()
  }

  async #open(name: MethodName, input: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.#answer(requestOf(WIRE[name], input), signal)
    this.#compareVersions(answer.headers)
    if (answer.statusCode === 200) return answer
    throw this.#failure(await this.#read(json(answer), signal), `HTTP ${answer.statusCode}`)
  }

  /** Waits for the reply's headers as long as the daemon shows that it lives. */
  async #answer(request: WireRequest, signal?: AbortSignal): Promise<IncomingMessage> {
    const { target } = this.#options
    const token = 'token' in target ? target.token : undefined
    const headers = {
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    }
    const answer = this.#read(this.#exchange(request, headers, signal), signal)
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
      const late = AbortSignal.any([signal, AbortSignal.timeout(this.#patienceMs)])
      try {
        await text(await this.#exchange({ method: 'GET', path: '/livez' }, {}, late))
      } catch (error) {
        throw hung(this.#options.target, late.aborted ? undefined : error)
      }
    }
  }

  #exchange(request: WireRequest, headers: Record<string, string>, signal?: AbortSignal) {
    const closed = this.#closed.signal
    return exchange(this.#options.target, request, {
      headers,
      signal: signal ? AbortSignal.any([closed, signal]) : closed,
      connectMs: this.#patienceMs,
      // An idle stream has a heartbeat every five seconds.
      silenceMs: this.#patienceMs * 4,
    })
  }

  async #read<T>(reading: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await reading
    } catch (error) {
      if (signal?.aborted === true && signal.reason instanceof GatewayError) throw signal.reason
      if (error instanceof SyntaxError) throw this.#foreign(error.message, error)
      throw dialError(error, this.#options.target)
    }
  }

  /** The value as it came, additions of a newer daemon included, once its known part fits. */
  #check(shape: Shape, value: unknown): unknown {
    const wrong = misfit(shape, value)
    if (wrong === undefined) return value
    throw this.#foreign(`its reply has another shape: ${wrong}`)
  }

  /** The error in a refusal, or in the last line of a stream. */
  #failure(value: unknown, otherwise?: string): GatewayError {
    const wrong = misfit(FAILURE, value)
    if (wrong === undefined) return errorFromJson((value as { error: ErrorJson }).error)
    return this.#foreign(otherwise ?? `its reply has another shape: ${wrong}`)
  }

  #compareVersions(headers: IncomingHttpHeaders): void {
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

const typeOf = (event: unknown) =>
  typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined
