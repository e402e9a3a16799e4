import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import * as bodies from './strict-schemas.ts'

/** One request as the backend saw it and answered it. */
export interface RecordedCall {
  /** register, heartbeat, assigned, recovery-status, sessions-preserved, unregister, session-status */
  name: string
  method: string
  path: string
  body: unknown
  /** 0: it was left without an answer. */
  status: number
  /** What broke the contract. */
  violation?: string
}

export interface AssignedEntry {
  sessionId: string
  userId?: string
  status?: string
  name?: string | null
  phoneNumber?: string | null
}

/**
 * How the next matching calls are treated instead of normally. `reset`: cut before they are taken;
 * `lost`: taken, but cut before the answer; `slow`: answered after so many milliseconds.
 */
export type Trouble =
  | { status: number; message?: string }
  | { slow: number }
  | 'hang'
  | 'reset'
  | 'lost'
  | 'garbage'

interface Planned {
  trouble: Trouble
  times: number
  call: string | undefined
}

interface Route {
  name: string
  method: string
  pattern: RegExp
  body?: z.ZodType
  /** Answers 404 for a worker that did not register. */
  registered?: boolean
}

const ROUTES: Route[] = [
  { name: 'register', method: 'POST', pattern: /^\/workers\/register$/, body: bodies.Register },
  {
    name: 'heartbeat',
    method: 'PUT',
    pattern: /^\/workers\/([^/]+)\/heartbeat$/,
    body: bodies.Heartbeat,
    registered: true,
  },
  {
    name: 'assigned',
    method: 'GET',
    pattern: /^\/workers\/([^/]+)\/sessions\/assigned$/,
    registered: true,
  },
  {
    name: 'recovery-status',
    method: 'POST',
    pattern: /^\/workers\/([^/]+)\/sessions\/recovery-status$/,
    body: bodies.RecoveryStatus,
    registered: true,
  },
  {
    name: 'sessions-preserved',
    method: 'POST',
    pattern: /^\/workers\/([^/]+)\/sessions-preserved$/,
    body: bodies.Preserved,
    registered: true,
  },
  {
    name: 'unregister',
    method: 'DELETE',
    pattern: /^\/workers\/unregister$/,
    body: bodies.Unregister,
  },
  {
    name: 'session-status',
    method: 'POST',
    pattern: /^\/webhooks\/session-status$/,
    body: bodies.SessionStatus,
  },
]

/**
 * A real HTTP server that takes the backend's calls as strictly as the backend does: a wrong token
 * is 401, an unknown worker 404, any deviation in a body 400. Everything is recorded.
 */
export class StrictBackend {
  readonly token: string
  readonly calls: RecordedCall[] = []
  /** What the next answer to `assigned` lists. */
  assigned: AssignedEntry[] = []
  /** What it lists for a worker that has a list of its own. */
  readonly assignedTo = new Map<string, AssignedEntry[]>()
  /** Speak like an older backend: `id` for `sessionId`. */
  olderIds = false
  /** Worker ids that are registered now. */
  readonly workers = new Set<string>()
  #server: Server | undefined
  #port = 0
  #planned: Planned[] = []

  constructor(token = 'strict-backend-token') {
    this.token = token
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get violations(): RecordedCall[] {
    return this.calls.filter((call) => call.violation !== undefined)
  }

  /** The recorded calls of one name, in order. */
  callsOf(name: string): RecordedCall[] {
    return this.calls.filter((call) => call.name === name)
  }

  /** Bodies of the calls of one name that were taken. */
  taken(name: string): unknown[] {
    return this.callsOf(name)
      .filter((call) => call.status === 200)
      .map((call) => call.body)
  }

  /** Troubles the next `times` calls (of that name, if given). */
  plan(trouble: Trouble, times = 1, call?: string): void {
    this.#planned.push({ trouble, times, call })
  }

  /** As after a restart with an empty database. */
  forgetWorkers(): void {
    this.workers.clear()
  }

  /** Listens, after down() on the same port as before. */
  async up(): Promise<void> {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)))
      })
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Refuses connections, and cuts those that stand. */
  async down(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve())
    })
    server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const path = url.replace(/^\/api\/v1/, '')
    const route = url.startsWith('/api/v1/')
      ? ROUTES.find((r) => r.method === method && r.pattern.test(path))
      : undefined
    const name = route?.name ?? 'unknown'
    const text = await readAll(request)
    const call: RecordedCall = { name, method, path: url, body: jsonOf(text), status: 0 }
    this.calls.push(call)
    const trouble = this.#trouble(name)
    if (trouble === 'hang') return
    if (trouble === 'reset') {
      request.socket.destroy()
      return
    }
    if (trouble === 'garbage') {
      call.status = 200
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>a proxy</html>')
      return
    }
    if (typeof trouble === 'object' && 'slow' in trouble) await sleep(trouble.slow)
    const planned = typeof trouble === 'object' && 'status' in trouble ? trouble : undefined
    const answer =
      planned === undefined
        ? this.#answer(call, route, path, request)
        : { status: planned.status, message: planned.message ?? 'planned trouble' }
    call.status = answer.status
    if (trouble === 'lost') {
      request.socket.destroy()
      return
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' })
    const { status, message, data } = { data: {}, ...answer }
    response.end(JSON.stringify({ success: status === 200, data, message }))
  }

  #answer(
    call: RecordedCall,
    route: Route | undefined,
    path: string,
    request: IncomingMessage,
  ): { status: number; message: string; data?: object } {
    const refuse = (status: number, message: string) => {
      call.violation = message
      return { status, message }
    }
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return refuse(401, 'the token is not valid')
    if (route === undefined) return refuse(404, `there is no ${call.method} ${call.path}`)
    if (route.body === undefined) {
      if (call.body !== undefined) return refuse(400, 'a body where none belongs')
    } else {
      if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
        return refuse(400, 'the body is not sent as JSON')
      const checked = route.body.safeParse(call.body)
      if (!checked.success) {
        const words = checked.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
        return refuse(400, words.join('; '))
      }
    }
    const worker = decodeURIComponent(route.pattern.exec(path)?.[1] ?? '')
    if (route.registered === true && !this.workers.has(worker))
      return { status: 404, message: `worker ${worker} is not registered` }
    const inBody = (call.body as { workerId?: string } | undefined)?.workerId
    if (worker !== '' && inBody !== undefined && inBody !== worker)
      return refuse(400, 'workerId differs from the path')
    return { status: 200, message: 'ok', data: this.#effect(route.name, inBody ?? worker) }
  }

  #effect(name: string, worker: string): object {
    const assigned = this.assignedTo.get(worker) ?? this.assigned
    if (name === 'register') {
      this.workers.add(worker)
      const { length } = assigned
      return { recoveryRequired: length > 0, assignedSessionCount: length }
    }
    if (name === 'unregister') this.workers.delete(worker)
    if (name !== 'assigned') return {}
    const sessions = assigned.map(({ sessionId, ...rest }) =>
      this.olderIds ? { id: sessionId, ...rest } : { sessionId, ...rest },
    )
    return { sessions }
  }

  #trouble(name: string): Trouble | undefined {
    const planned = this.#planned.find((p) => p.call === undefined || p.call === name)
    if (planned === undefined) return undefined
    planned.times--
    if (planned.times <= 0) this.#planned = this.#planned.filter((p) => p !== planned)
    return planned.trouble
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

/** Undefined for no body; a text that is no JSON stays text, which no schema takes. */
function jsonOf(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}
