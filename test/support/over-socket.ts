import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'

/** One request over a control socket, as `curl --unix-socket` makes it. */
export async function overSocket(
  socketPath: string,
  path: string,
  { method = 'GET', body }: { method?: string; body?: string } = {},
): Promise<{ status: number; body: string }> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const sent = request({ socketPath, path, method, headers })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, body: await text(response) }
}
