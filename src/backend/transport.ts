import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { errorOfFailure, errorOfReply, errorOfStatus } from './error.ts'

export interface TransportOptions {
  /** BACKEND_URL without a slash at its end. */
  url: string
  token: string
  /** Milliseconds for one attempt, body included. */
  timeout: number
  /** Milliseconds before the first retry; doubled for the next. */
  retryDelay: number
  /** For tests: waits, or rejects when the signal aborts. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

export interface Call {
  /** The contract's name of the call, for messages. */
  name: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below /api/v1. */
  path: string
  body?: object
  /** Further attempts after one that got no usable answer; only for calls that may be repeated. */
  retries: number
}

const MAX_REPLY_BYTES = 16 * 1024 * 1024
const MAX_SAID = 300

const Envelope = z.object({
  success: z.boolean().optional(),
  data: z.unknown(),
  message: z.string().nullish(),
})

/** HTTP to the backend: token, timeout, retries, and typed errors. */
export class Transport {
  readonly #options: TransportOptions
  readonly #agent = new Agent({ maxResponseSize: MAX_REPLY_BYTES })
  readonly #closing = new AbortController()
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>

  constructor(options: TransportOptions) {
    this.#options = options
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal, ref: false }))
  }

  /** The reply's `data`; throws backend.denied, backend.rejected or backend.unreachable. */
  async call(call: Call): Promise<unknown> {
    for (let attempt = 0; ; attempt++) {
      const result = await this.#attempt(call)
      if (!('error' in result)) return result.data
      const { error } = result
      if (!error.retryable || attempt >= call.retries) throw error
      await this.#pause(attempt, error)
    }
  }

  /** Aborts what is under way; every later call fails. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the worker is stopping'))
    await this.#agent.destroy()
  }

  /** Waits before the next attempt; closing meanwhile ends the call with its last error. */
  async #pause(attempt: number, error: Error): Promise<void> {
    const ms = this.#options.retryDelay * 2 ** attempt * (0.75 + Math.random() / 2)
    try {
      await this.#sleep(ms, this.#closing.signal)
    } catch (reason) {
      if (this.#closing.signal.aborted) throw error
      throw reason
    }
  }

  async #attempt(call: Call) {
    let status: number
    let text: string
    try {
      const reply = await request(`${this.#options.url}/api/v1${call.path}`, {
        method: call.method,
        dispatcher: this.#agent,
        headers: {
          authorization: `Bearer ${this.#options.token}`,
          accept: 'application/json',
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#options.timeout)]),
      })
      status = reply.statusCode
      text = await reply.body.text()
    } catch (failure) {
      return { error: errorOfFailure(call.name, failure) }
    }
    return this.#read(call.name, status, text)
  }

  #read(name: string, status: number, text: string) {
    const reply = Envelope.safeParse(parsed(text))
    const said = this.#clean(reply.data?.message ?? '')
    if (status < 200 || status > 299) return { error: errorOfStatus(name, status, said) }
    // A proxy's page with status 200, or an answer to nobody's question.
    if (!reply.success && text.trim() !== '')
      return { error: errorOfReply(name, 'it is not the JSON of the contract') }
    if (reply.data?.success === false)
      return { error: errorOfReply(name, said === '' ? 'success is false' : said) }
    return { data: reply.data?.data }
  }

  /** The server's words, short, in one line, without our token should it echo it. */
  #clean(said: string): string {
    return said
      .replaceAll(this.#options.token, '[secret]')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .slice(0, MAX_SAID)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
