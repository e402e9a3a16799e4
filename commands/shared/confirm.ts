import { createInterface } from 'node:readline/promises'
import { GatewayError } from '../../src/session/errors.ts'
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
  const typed = given ?? (context.canAsk ? await ask(id, what, context) : undefined)
  if (typed === id) return id
  throw new GatewayError({
    code: 'usage',
    subject: id,
    message:
      typed === undefined
        ? `${what} wants a confirmation`
        : `'${typed}' is not '${id}': nothing was done`,
    hint: `add --confirm=${id}`,
  })
}

async function ask(id: string, what: string, { stdin, stderr, signal }: Context): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return (await lines.question(`${what}. Type ${id} to go on: `, { signal })).trim()
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    lines.close()
  }
}
