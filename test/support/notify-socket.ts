import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { eventually } from './gateway.ts'

const LISTENER = fileURLToPath(new URL('notify-listener.py', import.meta.url))

/** One datagram: its assignments by name, and who sent it. */
export interface Heard {
  notice: Record<string, string>
  pid: number
}

/** A real notify socket, such as systemd gives to a service; `name` is a path, or begins with @. */
export class NotifySocket {
  /** Everything but barriers, in the order in which it came. */
  readonly heard: Heard[] = []
  readonly name: string
  readonly #child

  private constructor(name: string) {
    this.name = name
    this.#child = spawn('python3', [LISTENER, name], { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line))
  }

  listening = false

  static async open(name: string): Promise<NotifySocket> {
    const socket = new NotifySocket(name)
    await eventually('the notify socket', () => socket.listening || undefined)
    return socket
  }

  /** Waits for a datagram after the first `from` ones that has this; resolves with its place. */
  async until(name: string, value: RegExp, from = 0): Promise<number> {
    return eventually(`${name}=${String(value)} among ${JSON.stringify(this.heard)}`, () => {
      const at = this.heard.findIndex(
        ({ notice }, index) => index >= from && value.test(notice[name] ?? '\0'),
      )
      return at === -1 ? undefined : at
    })
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill()
    await once(this.#child, 'exit')
  }

  #hear(line: string): void {
    const entry = JSON.parse(line) as { listening?: string; lines?: string[]; pid?: number }
    if (entry.listening !== undefined) this.listening = true
    const notice = Object.fromEntries(
      (entry.lines ?? []).map((text) => {
        const at = text.indexOf('=')
        return [text.slice(0, at), text.slice(at + 1)]
      }),
    )
    if (Object.keys(notice).length > 0 && !('BARRIER' in notice))
      this.heard.push({ notice, pid: entry.pid ?? 0 })
  }
}
