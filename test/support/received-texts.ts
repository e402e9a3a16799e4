import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'

export interface ReceivedTexts {
  /** Texts that came in, with the session that got each. */
  readonly texts: ReadonlyMap<string, string>
  /** Stops listening; throws what broke the stream before. */
  end(): Promise<void>
}

/**
 * Listens to a daemon's messages. Resolves when the daemon has subscribed it, so that whatever is
 * sent from then on is seen: a control client cannot tell when that is.
 */
export async function receiveTexts(socketPath: string): Promise<ReceivedTexts> {
  const detach = new AbortController()
  const request = get({ socketPath, path: '/v1/events', signal: detach.signal })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const texts = new Map<string, string>()
  const broken = read(response, texts, detach.signal)
  const end = async () => {
    detach.abort()
    const error = await broken
    if (error !== undefined) throw error
  }
  return { texts, end }
}

async function read(
  response: IncomingMessage,
  texts: Map<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  let rest = ''
  try {
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines.filter((each) => each !== '')) {
        const event = JSON.parse(line) as { type: string; text?: string; sessionId: string }
        if (event.type === 'message' && event.text !== undefined)
          texts.set(event.text, event.sessionId)
      }
    }
    return undefined
  } catch (error) {
    return signal.aborted ? undefined : error
  }
}
