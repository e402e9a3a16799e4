import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import type { Target } from './dial.ts'
import type { WireRequest } from './request.ts'

export interface ExchangeOptions {
  headers: Readonly<Record<string, string>>
  /** Takes back the request or its answer, whichever is under way. */
  signal: AbortSignal
  /** How long connecting may take. Milliseconds. */
  connectMs: number
  /** How long an answer that has begun may be silent. Milliseconds. */
  silenceMs: number
}

/**
 * One request, on a connection of its own: those of the control socket cost next to nothing, and none
 * is kept that the daemon may close. Resolves with the answer's headers, for which it waits without
 * an end. Rejects, and the answer's body does, with what Node throws, or with the signal's reason.
 */
export async function exchange(
  target: Target,
  { method, path, body }: WireRequest,
  { headers, signal, connectMs, silenceMs }: ExchangeOptions,
): Promise<IncomingMessage> {
  signal.throwIfAborted()
  // An import would read every export of node:http, some of which load the whole of `fetch`.
  const { request: send } = process.getBuiltinModule(
    'url' in target && target.url.startsWith('https:') ? 'node:https' : 'node:http',
  )
  const options: RequestOptions = {
    ...placeOf(target, path),
    method,
    headers: { ...headers, connection: 'close' },
    agent: false,
    timeout: connectMs,
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = send(options)
  let current: ClientRequest | IncomingMessage = sent
  sent.on('response', (answer) => {
    current = answer
    answer.socket.setTimeout(silenceMs)
    resolve(answer)
  })
  sent.on('timeout', () => {
    if (current === sent && sent.socket?.connecting !== true) return
    current.destroy(new Silence(current === sent ? connectMs : silenceMs))
  })
  sent.on('error', reject)
  const abort = () => current.destroy(reasonOf(signal))
  signal.addEventListener('abort', abort, { once: true })
  sent.on('close', () => signal.removeEventListener('abort', abort))
  sent.end(body)
  return promise
}

/** Nothing came for so long. */
class Silence extends Error {
  readonly code = 'ETIMEDOUT'

  constructor(ms: number) {
    super(`nothing came for ${ms} ms`)
    this.name = 'Silence'
  }
}

function placeOf(target: Target, path: string): RequestOptions {
  if ('socketPath' in target) return { socketPath: target.socketPath, path }
  const { protocol, hostname, port } = new URL(target.url)
  return { protocol, hostname: hostname.replace(/^\[|\]$/g, ''), port, path }
}

const reasonOf = ({ reason }: AbortSignal) =>
  reason instanceof Error ? reason : new Error('aborted', { cause: reason })
