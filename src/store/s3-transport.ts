import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'

/** What one HTTP exchange came to; filled in by the transport while it runs. */
export interface Exchange {
  readonly signal: AbortSignal | undefined
  /** False while the server cannot have seen the request. */
  sent: boolean
  /** Present once the response head is in. */
  status?: number
  headers?: http.IncomingHttpHeaders
}

export interface TransportLimits {
  useSSL: boolean
  /** Milliseconds without a byte, while connecting or afterwards. */
  idleTimeoutMs: number
  /** Milliseconds for a whole exchange, the wait for a free connection included. */
  totalTimeoutMs: number
  maxSockets: number
}

export interface S3Transport {
  /** For minio's `transport` and `transportAgent`. */
  readonly transport: Pick<typeof http, 'request'>
  readonly agent: http.Agent
  /** Runs one client call, which makes one request, and tells what became of it. */
  run<T>(exchange: Exchange, call: () => Promise<T>): Promise<T>
  close(): void
}

/** Statuses on which the client throws without reading the body, which would keep the socket. */
const UNREAD_STATUSES = new Set([408, 429, 499, 500, 502, 503, 504, 520])
/** Shorter than servers keep an idle connection, so that a write rarely meets a closed one. */
const IDLE_SOCKET_MS = 4000

/**
 * What minio's client lacks: time limits that cover a stalled body, draining of responses that it
 * does not read, a bounded pool of connections, cancellation.
 */
export function createS3Transport(limits: TransportLimits): S3Transport {
  const exchanges = new AsyncLocalStorage<Exchange>()
  const agentOptions = {
    keepAlive: true,
    maxSockets: limits.maxSockets,
    maxFreeSockets: limits.maxSockets,
    scheduling: 'lifo',
    timeout: IDLE_SOCKET_MS,
  } as const
  const agent = limits.useSSL ? new https.Agent(agentOptions) : new http.Agent(agentOptions)
  const send = limits.useSSL ? https.request : http.request

  function request(
    options: http.RequestOptions,
    onResponse?: (response: http.IncomingMessage) => void,
  ): http.ClientRequest {
    const exchange = exchanges.getStore()
    if (exchange === undefined) throw new Error('an S3 request outside of an exchange')
    const outgoing = send(options, (response) => {
      exchange.status = response.statusCode ?? 0
      exchange.headers = response.headers
      if (UNREAD_STATUSES.has(exchange.status)) response.resume()
      // Cut off without a reader: the client has its error by then.
      response.on('error', ignoreLateError)
      onResponse?.(response)
    })
    guard(outgoing, exchange, limits)
    return outgoing
  }

  return {
    // minio calls it with options and a callback only; http.request has more forms than that.
    transport: { request: request as typeof http.request },
    agent,
    run: (exchange, call) => exchanges.run(exchange, call),
    close: () => agent.destroy(),
  }
}

/** Ends the request when a limit passes or the caller gives up. */
function guard(request: http.ClientRequest, exchange: Exchange, limits: TransportLimits): void {
  let response: http.IncomingMessage | undefined
  const end = (error: Error): void => {
    response?.destroy(error)
    request.destroy(error)
  }
  const timeout = (what: string, ms: number) => (): void =>
    end(Object.assign(new Error(`no ${what} within ${ms} ms`), { code: 'ETIMEDOUT' }))
  const onAbort = (): void => end(new Error('the request was given up'))

  const total = setTimeout(timeout('complete answer', limits.totalTimeoutMs), limits.totalTimeoutMs)
  // An idle limit set on the request would begin only once it is connected.
  let connecting: NodeJS.Timeout | undefined
  request.once('socket', (socket: Socket) => {
    const ready = (): void => {
      clearTimeout(connecting)
      exchange.sent = true
    }
    if (!socket.connecting) return ready()
    connecting = setTimeout(timeout('connection', limits.idleTimeoutMs), limits.idleTimeoutMs)
    socket.once(limits.useSSL ? 'secureConnect' : 'connect', ready)
  })
  request.setTimeout(limits.idleTimeoutMs, timeout('byte', limits.idleTimeoutMs))
  request.once('response', (message) => {
    response = message
  })
  exchange.signal?.addEventListener('abort', onAbort, { once: true })
  // 'close' comes after the body, or at once when the connection fails.
  request.once('close', () => {
    clearTimeout(total)
    clearTimeout(connecting)
    exchange.signal?.removeEventListener('abort', onAbort)
  })
}

function ignoreLateError(): void {
  // Listeners of the reader get the same event; this one keeps it from being uncaught.
}
