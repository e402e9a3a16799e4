import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import { errorToJson, GatewayError } from '../session/errors.ts'

/** Bytes that may wait for a caller that does not read. */
const MAX_WAITING = 1_048_576

/**
 * One NDJSON reply. Nothing is sent before the first line, so that an earlier failure can still be
 * an HTTP status. A caller that stops reading costs at most MAX_WAITING bytes and is cut off.
 */
export class EventStream {
  readonly #reply: FastifyReply
  readonly #events: z.ZodType
  readonly #heartbeat: NodeJS.Timeout
  #over = false

  constructor(
    reply: FastifyReply,
    events: z.ZodType,
    { closing, heartbeatMs }: { closing: AbortSignal; heartbeatMs: number },
  ) {
    this.#reply = reply
    this.#events = events
    this.#heartbeat = setInterval(() => this.#write('\n'), heartbeatMs).unref()
    reply.raw.once('close', () => this.#finish())
    const stop = () => this.fail(stopping())
    closing.addEventListener('abort', stop, { once: true })
    reply.raw.once('close', () => closing.removeEventListener('abort', stop))
  }

  get begun(): boolean {
    return this.#reply.sent
  }

  /** Sends the headers, so that the caller knows that it is heard. */
  begin(): void {
    if (this.begun || this.#over) return
    this.#reply.hijack()
    const headers = this.#reply.getHeaders()
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) this.#reply.raw.setHeader(name, value)
    this.#reply.raw.setHeader('content-type', 'application/x-ndjson')
    this.#reply.raw.flushHeaders()
  }

  /** Only what the schema names goes out. */
  send(event: object): void {
    const checked = this.#events.safeParse(event)
    if (!checked.success) {
      const message = 'the daemon made an event that its API does not have'
      return this.fail(new GatewayError({ code: 'internal', message, cause: checked.error }))
    }
    this.#write(`${JSON.stringify(checked.data)}\n`)
    if (this.#reply.raw.writableLength > MAX_WAITING)
      this.fail(
        new GatewayError({
          code: 'daemon.protocol',
          message: 'events were lost: this reader is too slow',
          hint: 'run it again, and read faster',
        }),
      )
  }

  fail(error: GatewayError): void {
    this.#write(`${JSON.stringify({ type: 'error', error: errorToJson(error) })}\n`)
    this.end()
  }

  end(): void {
    if (this.#over) return
    this.begin()
    this.#finish()
    this.#reply.raw.end()
  }

  #write(text: string): void {
    if (this.#over) return
    this.begin()
    this.#reply.raw.write(text)
  }

  #finish(): void {
    this.#over = true
    clearInterval(this.#heartbeat)
  }
}

const stopping = () =>
  new GatewayError({
    code: 'daemon.unreachable',
    message: 'the daemon is stopping',
    hint: 'run it again when `wa-gateway status` answers',
  })
