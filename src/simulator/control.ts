import type { IncomingMessage, ServerResponse } from 'node:http'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { errorToJson, GatewayError, toGatewayError, type ErrorCode } from '../session/errors.ts'
import type { Contact } from './contact.ts'
import type { Device } from './device.ts'
import { parseFault, type Fault, type FaultRequest } from './faults.ts'
import type { Phone } from './phone.ts'
import type { Report } from './report.ts'

/** What the control API drives. */
export interface Controlled {
  readonly url: string
  readonly rootHex: string
  phone(user: string): Phone
  contact(user: string): Contact
  scan(qr: string, options: { afterMs?: number }): Promise<Device>
  devices(user?: string): Device[]
  inject(request: FaultRequest): Promise<void>
  clearFaults(user?: string): Promise<void>
  faults(): (Fault & { left: number | 'always' })[]
  report(): Report
}

type Call = {
  user: string
  number: string
  query: URLSearchParams
  body: unknown
  request: IncomingMessage
}
type Route = { method: string; path: RegExp; answer: (on: Controlled, call: Call) => unknown }

const BODY_LIMIT = 1_048_576
const STATUS: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  'session.unknown': 404,
  'session.timeout': 504,
  'session.not-online': 409,
}

const scanBody = z.object({ qr: z.string(), afterMs: z.int().nonnegative().default(0) })
const codeBody = z.object({ code: z.string() })
const sendBody = z.object({ to: z.string(), text: z.string(), id: z.string().optional() })

const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/$/,
    answer: (on) => ({ simulator: 'wa-gateway', url: on.url, root: on.rootHex }),
  },
  {
    method: 'POST',
    path: /^\/scan$/,
    answer: async (on, { body }) => {
      const { qr, afterMs } = parse(scanBody, body)
      return describe(await on.scan(qr, { afterMs }))
    },
  },
  {
    // What `session pair --json` prints, while it prints it.
    method: 'PUT',
    path: /^\/scan$/,
    answer: async (on, { request }) => {
      let device: Device | undefined
      for await (const line of createInterface({ input: request })) {
        const shown = scanBody.safeParse(fromJson(line))
        if (device === undefined && shown.success) device = await on.scan(shown.data.qr, {})
      }
      if (device === undefined) throw unknown('no QR code was shown')
      return describe(device)
    },
  },
  {
    method: 'POST',
    path: /^\/phones\/(?<user>\d+)\/scan$/,
    answer: async (on, { user, body }) => {
      const { qr, afterMs } = parse(scanBody, body)
      return describe(await on.phone(user).scan(qr, { afterMs }))
    },
  },
  {
    method: 'POST',
    path: /^\/phones\/(?<user>\d+)\/code$/,
    answer: async (on, { user, body }) => {
      return describe(await on.phone(user).enterCode(parse(codeBody, body).code))
    },
  },
  {
    method: 'DELETE',
    path: /^\/phones\/(?<user>\d+)\/devices\/(?<number>\d+)$/,
    answer: (on, { user, number }) => {
      const phone = on.phone(user)
      const device = phone.devices.find((each) => each.number === Number(number))
      if (device === undefined) throw unknown(`the phone ${user} has no device ${number}`)
      phone.unlink(device)
      return { unlinked: device.name }
    },
  },
  { method: 'GET', path: /^\/devices$/, answer: (on) => on.devices().map(describe) },
  {
    method: 'POST',
    path: /^\/contacts\/(?<user>\d+)\/send$/,
    answer: async (on, { user, body }) => {
      const { to, text, id } = parse(sendBody, body)
      return { id: await on.contact(user).send(to, text, id === undefined ? {} : { id }) }
    },
  },
  {
    method: 'GET',
    path: /^\/contacts\/(?<user>\d+)\/messages$/,
    answer: (on, { user }) => on.contact(user).messages,
  },
  { method: 'GET', path: /^\/faults$/, answer: (on) => on.faults() },
  {
    method: 'POST',
    path: /^\/faults$/,
    answer: async (on, { body }) => {
      const fault = parseFault(body)
      if (fault.kind === 'refuse' && fault.ms === undefined) {
        const message = "'refuse' closes this port too, so it needs 'ms' after which it opens again"
        throw new GatewayError({ code: 'usage', message })
      }
      await on.inject(fault)
      return fault
    },
  },
  {
    method: 'DELETE',
    path: /^\/faults$/,
    answer: async (on, { query }) => {
      await on.clearFaults(query.get('user') ?? undefined)
      return on.faults()
    },
  },
  { method: 'GET', path: /^\/report$/, answer: (on) => on.report() },
]

/** Answers one request of the control API with JSON; errors as `{error: {code, message, …}}`. */
export async function handleControl(
  on: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    reply(response, 200, await route(on, request))
  } catch (thrown) {
    const error = toGatewayError(thrown)
    reply(response, STATUS[error.code] ?? 500, { error: errorToJson(error) })
  }
}

async function route(on: Controlled, request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  for (const { method, path, answer } of ROUTES) {
    const match = method === request.method ? path.exec(pathname) : null
    if (match === null) continue
    const { user = '', number = '' } = match.groups ?? {}
    const body = method === 'POST' ? await readJson(request) : undefined
    return answer(on, { user, number, query: searchParams, body, request })
  }
  throw unknown(`the simulator has no ${request.method ?? ''} ${pathname}`)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_LIMIT) throw new GatewayError({ code: 'usage', message: 'body above 1 MiB' })
    chunks.push(chunk)
  }
  return fromJson(Buffer.concat(chunks).toString('utf8'))
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new GatewayError({ code: 'usage', message: 'the body is not JSON', cause })
  }
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  throw new GatewayError({ code: 'usage', message: z.prettifyError(parsed.error) })
}

function describe(device: Device) {
  const { name, jid, lidJid, online } = device
  return { device: name, jid, lid: lidJid, online, waiting: device.mailbox.size }
}

function unknown(message: string): GatewayError {
  return new GatewayError({ code: 'session.unknown', message, hint: 'GET / tells that it runs' })
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(`${JSON.stringify(body)}\n`)
}
