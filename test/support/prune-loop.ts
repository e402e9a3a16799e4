import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackupInfo } from '../../src/replica/port.ts'
import type { PartCheck, SessionCheck } from '../../src/replica/verify/port.ts'
import type { StoreConfig } from '../../src/store/open.ts'
import { temporaryDirectory } from './authstate.ts'
import { eventually } from './gateway.ts'
import { changeOf, type PruneChild, type PruneEvent } from './prune-child.ts'

const SCRIPT = fileURLToPath(new URL('prune-child.ts', import.meta.url))
const PATIENCE_MS = 30_000
const POLL_MS = 25
/** Changes of a session before the first that writes a value: its creds, twice. */
const FIRST = 3

/** Knows what was acknowledged and named, and judges what comes back. */
class PruneJudge {
  /** What should never have happened, in words. */
  readonly harm: string[] = []
  readonly #acked = new Map<string, number>()
  readonly #named = new Map<string, Set<string>>()
  readonly #dropped = new Set<string>()
  readonly #counts: Record<string, number> = { claimed: 0, acked: 0, dropped: 0 }

  hear(event: PruneEvent): void {
    switch (event.type) {
      case 'claimed':
        this.#count('claimed')
        return this.#claimed(event)
      case 'acked':
        this.#count('acked')
        this.#acked.set(event.id, Math.max(event.seq, this.#acked.get(event.id) ?? 0))
        return
      case 'named':
        this.#count('named')
        // Who drops one may be heard before who made it.
        if (!this.#dropped.has(`${event.id}/${event.name}`)) this.#namesOf(event.id).add(event.name)
        return
      case 'dropping':
        this.#count('names dropped')
        this.#dropped.add(`${event.id}/${event.name}`)
        this.#namesOf(event.id).delete(event.name)
        return
      case 'did':
        return this.#count(event.what)
      case 'failed':
        this.harm.push(`${event.what}: ${event.code}: ${event.message}`)
    }
  }

  backups(id: string, backups: readonly BackupInfo[]): void {
    this.#count('backups', backups.length)
    const there = new Set(backups.map(({ name }) => name))
    for (const name of this.#namesOf(id))
      if (!there.has(name)) this.harm.push(`${id} lost its backup ${name}`)
  }

  verified(check: SessionCheck | PartCheck): void {
    for (const { object, what } of check.findings) this.harm.push(`${object}: ${what}`)
    if (check.outcome !== 'sound' && check.findings.length === 0)
      this.harm.push(JSON.stringify(check))
  }

  /** A round went on before as much had happened as it should see; told, since it may show why. */
  slow(last: readonly string[]): void {
    this.#count('slow')
    process.stdout.write(`slow, after\n${last.join('\n')}\n`)
  }

  get summary(): Record<string, number> {
    return { ...this.#counts, harm: this.harm.length }
  }

  #claimed({ id, seq, values }: Extract<PruneEvent, { type: 'claimed' }>): void {
    const acked = this.#acked.get(id) ?? 0
    if (seq < acked) this.harm.push(`${id} came back at ${seq}, ${acked} was acknowledged`)
    const expected: Record<string, string> = {}
    for (let n = FIRST; n <= seq; n++) {
      const { key, value } = changeOf(id, n)
      expected[key] = value
    }
    for (const key of new Set([...Object.keys(expected), ...Object.keys(values)]))
      if (expected[key] !== values[key])
        this.harm.push(`${id} at ${seq} has '${values[key]}' for '${expected[key]}'`)
  }

  #namesOf(id: string): Set<string> {
    const names = this.#named.get(id) ?? new Set()
    this.#named.set(id, names)
    return names
  }

  #count(what: string, by = 1): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + by
  }
}

/** One process that holds the sessions, each time on an empty disk, and one that prunes beside it. */
export class PruneLoop {
  readonly judge = new PruneJudge()
  readonly #store: StoreConfig
  readonly #sessions: string[]
  readonly #random: () => number
  #holder: ChildProcess | undefined
  #sweeper: ChildProcess | undefined
  #count = 0
  #heard = 0
  #last: string[] = []

  constructor(store: StoreConfig, sessions: string[], random: () => number) {
    this.#store = store
    this.#sessions = sessions
    this.#random = random
  }

  /** Resolves when a new worker has brought every session back. */
  async hold(stateDir: string): Promise<void> {
    const missing = new Set(this.#sessions)
    const child = this.#spawn(stateDir, this.#sessions, (event) => {
      this.#heard++
      this.#last = [...this.#last, JSON.stringify(event)].slice(-20)
      if (event.type === 'claimed') missing.delete(event.id)
    })
    this.#holder = child
    await eventually(
      `${this.#sessions.length} sessions to come back`,
      () => {
        if (child.exitCode !== null) throw new Error('the worker has ended')
        return missing.size === 0 ? true : undefined
      },
      120_000,
    )
  }

  /**
   * Resolves when the holder has told of so many more things, or after a while: what is judged is what
   * it leaves, not its pace.
   */
  async untilHeard(count: number): Promise<void> {
    const end = this.#heard + count
    for (let n = 0; n < PATIENCE_MS / POLL_MS && this.#heard < end; n++) await sleep(POLL_MS)
    if (this.#heard < end) this.judge.slow(this.#last)
  }

  async killHolder(): Promise<void> {
    await kill(this.#holder)
    this.#holder = undefined
  }

  /** Starts the process that only prunes and collects, unless it runs. */
  sweep(): void {
    this.#sweeper ??= this.#spawn(temporaryDirectory(), [], () => {})
  }

  async killSweeper(): Promise<void> {
    await kill(this.#sweeper)
    this.#sweeper = undefined
  }

  async end(): Promise<void> {
    await this.killHolder()
    await this.killSweeper()
  }

  #spawn(stateDir: string, sessions: string[], heard: (event: PruneEvent) => void): ChildProcess {
    const options: PruneChild = {
      store: this.#store,
      stateDir,
      worker: `w${this.#count++}`,
      seed: Math.floor(this.#random() * 2 ** 32),
      sessions,
    }
    const child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let trouble = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (trouble += text))
    createInterface({ input: child.stdout }).on('line', (line) => {
      // The last line of a process that was killed may be cut.
      if (!line.endsWith('}')) return
      const event = JSON.parse(line) as PruneEvent
      this.judge.hear(event)
      heard(event)
    })
    child.on('exit', (code) => {
      if (code !== null) this.judge.harm.push(`a process ended by itself: ${trouble}`)
    })
    return child
  }
}

/** Resolves when it is gone and all that it had printed was heard. */
async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await closed
}
