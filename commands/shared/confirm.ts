import { GatewayError } from '../../src/session/errors.ts'
import { ask } from './ask.ts'
import type { Context } from './context.ts'

/**
 * Makes sure that a person means this session: by `--confirm=ID`, or by typing it. Returns the id.
 * `what` says what will happen to it.
 */
export async function confirmed(
  id: string,
  what: string,
  given: string | undefined,
  context: Context,
): Promise<string> {
  const question = `${what}. Type ${id} to go on: `
  const typed = given ?? (context.canAsk ? (await ask(question, context)).trim() : undefined)
  if (typed === id) return id
  throw new GatewayError({
    code: 'usage',
    subject: id,
    message:
      typed === undefined
        ? `${what.charAt(0).toLowerCase()}${what.slice(1)} wants a confirmation`
        : `'${typed}' is not '${id}': nothing was done`,
    hint: `add --confirm=${id}`,
  })
}
