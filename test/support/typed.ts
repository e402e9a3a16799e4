import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Writable } from 'node:stream'

/** A command of a page, and what the page says that it prints. */
export interface Typed {
  command: string
  prints: string[]
}

const read = (page: string) => readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')

/** The commands in the `console` blocks of a page, of one of its sections if named. */
export function commandsOf(page: string, heading?: string): Typed[] {
  const text = read(page)
  const from = heading === undefined ? 0 : text.indexOf(`\n## ${heading}\n`)
  if (from < 0) throw new Error(`${page} has no section ${heading}`)
  const to = heading === undefined ? -1 : text.indexOf('\n## ', from + 1)
  const section = text.slice(from, to < 0 ? undefined : to)
  const typed: Typed[] = []
  for (const [, block = ''] of section.matchAll(/^```console\n(.*?)^```$/gms)) {
    let last: Typed | undefined
    for (const line of block.trimEnd().split('\n'))
      if (line.startsWith('$ ')) typed.push((last = { command: line.slice(2), prints: [] }))
      else if (last?.command.endsWith('\\')) last.command += `\n${line}`
      else last?.prints.push(line)
  }
  return typed
}

/** What a line of a page stands for: other numbers, names of messages and times fit it too; `…` anything. */
export function pattern(line: string): RegExp {
  const source = line
    .trimEnd()
    .split(/(3EB0[0-9A-F]+|\d+(?:\.\d+)?|…| +)/)
    .map((part, n) => (n % 2 === 0 ? escaped(part) : standsFor(part)))
  return new RegExp(`^${source.join('')}`, 'm')
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)

function standsFor(part: string): string {
  if (part === '…') return '.*'
  if (part.startsWith('3EB0')) return '3EB0[0-9A-F]+'
  return part.startsWith(' ') ? ' +' : String.raw`\d+(\.\d+)?`
}

/** Runs what comes on its fourth file, as an interactive shell would, and says when it is done. */
const TYPIST = `set -m; shopt -s expand_aliases
while IFS= read -r -d '' -u 3 line; do eval "$line"; echo "=$((++n))= $?"; done`

/** A shell in which commands are typed one after another, as a person would. */
export class TypedShell implements AsyncDisposable {
  readonly #shell: ChildProcess
  readonly #keyboard: Writable
  #output = ''
  #n = 0

  constructor(cwd: string, env: Record<string, string>) {
    // Not by its stdin, from which what it runs could read.
    this.#shell = spawn('bash', ['--norc', '--noprofile', '-c', TYPIST], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    const keyboard = this.#shell.stdio[3]
    if (!(keyboard instanceof Writable)) throw new Error('the shell has no keyboard')
    this.#keyboard = keyboard
    for (const stream of [this.#shell.stdout, this.#shell.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#shell.emit('printed')
      })
  }

  /** Types a command; returns what was printed until the shell asks for the next one. */
  async type(command: string): Promise<{ output: string; status: number }> {
    this.#output = ''
    this.#keyboard.write(`${command}\0`)
    const end = new RegExp(`^=${++this.#n}= (\\d+)\\n`, 'm')
    for (;;) {
      const found = end.exec(this.#output)
      if (found !== null)
        return { output: this.#output.slice(0, found.index), status: Number(found[1]) }
      await once(this.#shell, 'printed')
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#shell, 'exit')
    this.#keyboard.end('kill -9 $(jobs -p)\0')
    await closed
  }
}
