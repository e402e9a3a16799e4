import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { eventually } from './gateway.ts'

/** What a key is called by tmux: `Enter`, `Escape`, `C-c`, `PageDown`, `j`. */
type KeyName = string

/** A shell in a terminal of its own, with a person's eyes and hands. Needs tmux. */
export class Terminal implements AsyncDisposable {
  readonly #name = `wa-${process.pid}-${crypto.randomUUID().slice(0, 8)}`

  private constructor() {}

  static async start(
    size: { columns: number; rows: number },
    env: Record<string, string>,
    program: readonly string[] = ['bash', '--norc', '--noprofile'],
  ): Promise<Terminal> {
    const terminal = new Terminal()
    const variables = { PS1: '$ ', LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] ?? '', ...env }
    const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const shell = ['env', '-i', 'TERM=screen-256color', ...given, ...program]
    const { columns, rows } = size
    const session = ['new-session', '-d', '-x', String(columns), '-y', String(rows)]
    await terminal.#tmux('-f', '/dev/null', ...session, ...shell)
    await terminal.until('a prompt', /^\$/m)
    return terminal
  }

  /** Types a text as it is. */
  async type(text: string): Promise<void> {
    await this.#tmux('send-keys', '-l', text)
  }

  async press(...keys: KeyName[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  /** Types a command line and Enter. */
  async run(command: string): Promise<void> {
    await this.type(command)
    await this.press('Enter')
  }

  /** What is on the screen now; with its escape sequences if wanted. */
  async screen(styled = false): Promise<string> {
    return this.#tmux('capture-pane', '-p', ...(styled ? ['-e'] : []))
  }

  /** Everything that one sees by scrolling back. */
  async scrollback(): Promise<string> {
    return this.#tmux('capture-pane', '-p', '-S', '-')
  }

  /** Waits until the screen is as wanted; returns it. */
  async until(what: string, wanted: RegExp | ((screen: string) => boolean)): Promise<string> {
    let last = ''
    try {
      return await eventually(what, async () => {
        last = await this.screen()
        const fits = wanted instanceof RegExp ? wanted.test(last) : wanted(last)
        return fits ? last : undefined
      })
    } catch (error) {
      throw new Error(`${what} was not to be seen on\n${last}`, { cause: error })
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** Whether the terminal is on its other screen, and shows the cursor. */
  async modes(): Promise<{ alternate: boolean; cursor: boolean }> {
    const flags = await this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}')
    const [alternate, cursor] = flags.trim().split(' ')
    return { alternate: alternate === '1', cursor: cursor === '1' }
  }

  /** The process that runs in the shell. */
  async foreground(): Promise<number> {
    const shell = (await this.#tmux('display-message', '-p', '#{pane_pid}')).trim()
    return eventually('a process in the shell', async () => {
      const children = await readFile(`/proc/${shell}/task/${shell}/children`, 'utf8')
      const pid = Number(children.trim().split(' ')[0])
      return pid > 0 ? pid : undefined
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server')
  }

  async #tmux(...args: string[]): Promise<string> {
    const { stdout } = await execa('tmux', ['-L', this.#name, ...args], {
      stripFinalNewline: false,
    })
    return stdout
  }
}
