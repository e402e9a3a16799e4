import type { FastifyError } from 'fastify'
import { GatewayError, toGatewayError } from '../session/errors.ts'

/** What a handler threw; what the stop of the daemon cut off is told as that. */
export function cutOff(thrown: unknown, stopping: AbortSignal): unknown {
  const known = thrown instanceof GatewayError && thrown.code === 'internal'
  const cause = known ? thrown.cause : thrown
  const aborted = cause instanceof Error && cause.name === 'AbortError'
  if (!stopping.aborted || !aborted) return thrown
  return new GatewayError({
    code: 'daemon.stopping',
    message: 'the daemon is stopping, and left this undone',
    hint: 'run it again when the daemon has started',
    cause,
  })
}

/** What Fastify or a handler threw, as a GatewayError. Bad requests name the field. */
export function failureOf(thrown: Error | FastifyError): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const [issue] = ('validation' in thrown ? thrown.validation : undefined) ?? []
  if (issue !== undefined) {
    const unknown = issue.params['keys']
    const field =
      issue.instancePath.slice(1).replaceAll('/', '.') ||
      (Array.isArray(unknown) ? unknown.join(', ') : '')
    const message = issue.message ?? 'is not valid'
    return new GatewayError({
      code: 'usage',
      message: field === '' ? message : `${field}: ${message}`,
      subject: field === '' ? undefined : field,
    })
  }
  const status = 'statusCode' in thrown ? thrown.statusCode : undefined
  if (status !== undefined && status >= 400 && status < 500)
    return new GatewayError({ code: 'usage', message: thrown.message })
  return toGatewayError(thrown)
}
