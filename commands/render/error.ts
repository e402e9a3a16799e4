import type { GatewayError } from '../../src/session/errors.ts'
import { harmless } from '../../src/words/text.ts'

/** What happened, why, and what to try: a line each. */
export function renderError(error: GatewayError): string {
  const lines = [`error: ${error.message}`]
  for (const reason of reasons(error)) lines.push(`because: ${reason}`)
  if (error.hint !== undefined) lines.push(`try: ${error.hint}`)
  return lines.map((line) => `${line.split('\n').map(harmless).join('\n')}\n`).join('')
}

/** The chain of causes, without those that only repeat what was said. */
function* reasons(error: Error): Generator<string> {
  let said = error.message
  let cause = error.cause
  for (let depth = 0; cause instanceof Error && depth < 5; depth++) {
    const message = cause.message || ('code' in cause ? String(cause.code) : cause.name)
    if (!said.includes(message)) yield message
    said += message
    cause = cause.cause
  }
}
