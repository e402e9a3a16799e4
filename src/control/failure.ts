import type { FastifyError } from 'fastify'
import { GatewayError, toGatewayError } from '../session/errors.ts'

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
