import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { errorToJson, GatewayError, toGatewayError } from '../session/errors.ts'
import { METHODS, type MethodName } from './api.ts'
import { EventStream } from './event-stream.ts'
import { cutOff, failureOf } from './failure.ts'
import type { CallContext, ControlHandlers } from './handlers.ts'
import { addHealth, HEALTH_PATHS } from './health.ts'
import { httpStatus } from './http-status.ts'
import type { MethodSpec } from './method-spec.ts'
import { bearerMatches } from './token.ts'
import { PROTOCOL, PROTOCOL_HEADER, VERSION_HEADER } from './version.ts'

export interface RouteOptions {
  handlers: ControlHandlers
  version: string
  via: CallContext['via']
  /** Asked of every request but health checks; undefined on the control socket. */
  token?: string
  /** Aborts when the server closes. */
  closing: AbortSignal
  /** How often an idle stream says that it is alive. Milliseconds. */
  heartbeatMs: number
  /** Told of each failure that is not the caller's, and of the session that it concerns. */
  onFailure: (method: string, error: GatewayError, session?: string) => void
}

type AnyHandler = (
  input: unknown,
  context: CallContext & { emit?: (event: object) => void },
) => Promise<unknown>

/** How long a caller may take to send its request. */
const REQUEST_MS = 30_000

/** Bytes of a request that carries an account: 256 MiB of it in base64, and what stands around. */
const ACCOUNT_BYTES = 360 * 1024 * 1024

/** The Fastify application with a route for each method, not listening yet. */
export function createRoutes(options: RouteOptions): FastifyInstance {
  const { version, token } = options
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    // A HEAD of /v1/events would never end.
    exposeHeadRoutes: false,
    requestTimeout: REQUEST_MS,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ [VERSION_HEADER]: version, [PROTOCOL_HEADER]: String(PROTOCOL) })
    if (token === undefined || HEALTH_PATHS.has(request.routeOptions.url ?? '')) return
    if (bearerMatches(request.headers.authorization, token)) return
    await reply.code(401).header('www-authenticate', 'Bearer').send(body(denied()))
  })
  app.setNotFoundHandler(async (request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}`
    return reply.code(404).send(body(new GatewayError({ code: 'usage', message })))
  })
  app.setErrorHandler<Error>(async (thrown, request, reply) => {
    const error = failureOf(thrown)
    const status = httpStatus(error)
    if (status >= 500)
      options.onFailure(request.routeOptions.url ?? '', error, sessionOf(request.params))
    return reply.code(status).send(body(error))
  })
  addHealth(app, options)
  for (const [name, spec] of Object.entries(METHODS))
    addMethod(app, name as MethodName, spec, options)
  return app
}

function addMethod(
  app: FastifyInstance,
  name: MethodName,
  spec: MethodSpec,
  options: RouteOptions,
): void {
  // The table's types hold for each method alone; a loop over all of them cannot keep them.
  const remote = spec.account === true && options.via === 'tcp'
  const method = remote ? refused : (options.handlers.methods[name] as AnyHandler)
  const handler: AnyHandler = (input, context) =>
    method(input, context).catch((thrown: unknown) => {
      throw cutOff(thrown, options.handlers.stopping)
    })
  const { params, query: querystring, body, result, events } = spec
  app.route({
    method: spec.verb,
    url: spec.path,
    ...(spec.account && !remote && { bodyLimit: ACCOUNT_BYTES }),
    schema: {
      ...(params && { params }),
      ...(querystring && { querystring }),
      ...(body && { body }),
      ...(result && { response: { 200: result } }),
    },
    // `curl -X POST` without a body means the empty object.
    preValidation: async (request) => {
      if (body) request.body ??= {}
    },
    handler: async (request, reply) => {
      const context = { via: options.via, signal: callerGone(reply, options.closing) }
      const input = Object.assign({}, request.params, request.query, request.body)
      if (events === undefined) return handler(input, context)
      const stream = new EventStream(reply, events, options)
      if (spec.endless) stream.begin()
      const emit = (event: object) => stream.send(event)
      return handler(input, { ...context, emit }).then(
        () => stream.end(),
        (thrown: unknown) => {
          if (!stream.begun) throw thrown
          const error = toGatewayError(thrown)
          if (httpStatus(error) >= 500) options.onFailure(name, error, sessionOf(request.params))
          stream.fail(error)
        },
      )
    },
  })
}

function callerGone(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return AbortSignal.any([gone.signal, closing])
}

const refused: AnyHandler = async () => {
  throw new GatewayError({
    code: 'daemon.permission',
    message: 'accounts are moved over the control socket only',
    hint: 'run the command on the host of the daemon',
  })
}

/** The session that a path names. */
function sessionOf(params: unknown): string | undefined {
  return (params as { session?: string } | undefined)?.session
}

const body = (error: GatewayError) => ({ error: errorToJson(error) })

const denied = () =>
  new GatewayError({
    code: 'daemon.permission',
    message: 'this request carries no valid token',
    hint: 'send `Authorization: Bearer TOKEN` with the value of WA_GATEWAY_HTTP_TOKEN',
  })
