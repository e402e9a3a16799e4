import { request } from 'node:http'
import type { Event } from '../../src/control/api.ts'

/** An application that hears a daemon's messages, from the moment that this resolves. */
export class Application {
  /** How often each text was heard, by all daemons that it listened to. */
  readonly heard = new Map<string, number>()

  /** Resolves when the daemon has subscribed it; it listens until the daemon's end. */
  async listen(socketPath: string): Promise<void> {
    const events = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      request({ socketPath, path: '/v1/events' }, resolve).on('error', reject).end()
    })
    // A daemon that is killed breaks the connection off in the middle.
    events.on('error', () => undefined)
    let rest = ''
    events.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#hear(line)
    })
  }

  timesHeard(text: string): number {
    return this.heard.get(text) ?? 0
  }

  #hear(line: string): void {
    // A heartbeat.
    if (line === '') return
    const event = JSON.parse(line) as Event<'events'>
    if (event.type !== 'message' || event.text === undefined) return
    this.heard.set(event.text, this.timesHeard(event.text) + 1)
  }
}
