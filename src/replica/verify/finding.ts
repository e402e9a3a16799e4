import { GatewayError } from '../../session/errors.ts'
import type { Finding, FindingSeverity } from './port.ts'
import { isUnreadable } from '../sealer.ts'

/** What is wrong, before it is said whom it concerns and what to do. */
export interface Fault {
  object: string
  what: string
  /** Where the fault itself says what to do. */
  todo?: string
}

/** The fault that an object has which could not be read; anything else is thrown again. */
export function faultOf(object: string, error: unknown): Fault {
  if (!isUnreadable(error)) throw error
  const named = error.subject ?? object
  const todo = error.code === 'replica.no-key' && error.hint !== undefined
  return { object: named, what: error.message, ...(todo && { todo: error.hint }) }
}

/** The same of what `work` does; undefined where it succeeds. */
export async function faultIn(
  object: string,
  work: () => Promise<unknown>,
): Promise<Fault | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    return faultOf(object, error)
  }
}

export function finding(
  { object, what, todo }: Fault,
  severity: FindingSeverity,
  fallback: string,
  sessionId?: string,
): Finding {
  const whose = sessionId === undefined ? {} : { sessionId }
  return { severity, object, ...whose, what, todo: todo ?? fallback }
}

/** Trouble with the store itself: it could not be told whether something is damaged. */
export function isTrouble(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code.startsWith('store.')
}
