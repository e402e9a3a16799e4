import type { FastifyInstance } from 'fastify'
import type { ControlHandlers, HealthCheck } from './handlers.ts'
import { bearerMatches } from './token.ts'

interface HealthOptions {
  handlers: Pick<ControlHandlers, 'health' | 'metrics'>
  /** Undefined on the control socket, whose callers are trusted. */
  token?: string
}

/** Asked without a token: load balancers and kubelets have none. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/livez', '/readyz'])

const PLAIN = 'text/plain; charset=utf-8'

/** /livez and /readyz as Kubernetes' own components answer them, and /metrics. */
export function addHealth(app: FastifyInstance, { handlers, token }: HealthOptions): void {
  for (const question of ['livez', 'readyz'] as const)
    app.get<{ Querystring: { verbose?: string } }>(`/${question}`, async (request, reply) => {
      const trusted = token === undefined || bearerMatches(request.headers.authorization, token)
      const checks = await handlers.health(question)
      const healthy = checks.every(({ failure }) => failure === undefined)
      const verbose = !healthy || request.query.verbose !== undefined
      reply
        .code(healthy ? 200 : 503)
        .type(PLAIN)
        .header('cache-control', 'no-store')
      return verbose ? renderHealth(question, checks, trusted) : 'ok\n'
    })
  app.get('/metrics', async (_, reply) => {
    const { contentType, text } = await handlers.metrics()
    return reply.type(contentType).send(text)
  })
}

/** A line for each check and one for all of them; reasons are for those who are trusted. */
function renderHealth(question: string, checks: readonly HealthCheck[], trusted: boolean): string {
  const lines = checks.map(({ name, failure }) => {
    if (failure === undefined) return `[+]${name} ok`
    return `[-]${name} failed: ${trusted ? failure.replaceAll(/\s+/g, ' ') : 'reason withheld'}`
  })
  const healthy = checks.every(({ failure }) => failure === undefined)
  return [...lines, `${question} check ${healthy ? 'passed' : 'failed'}`, ''].join('\n')
}
