import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What sd_notify(3) knows of, as far as it is said here. */
export type Notice = Partial<
  Record<
    | 'READY'
    | 'RELOADING'
    | 'STOPPING'
    | 'MONOTONIC_USEC'
    | 'STATUS'
    | 'WATCHDOG'
    | 'EXTEND_TIMEOUT_USEC',
    string
  >
>

export interface ServiceManager {
  /** Resolves when systemd has the notice; rejects with what `systemd-notify` said. */
  tell(notice: Notice): Promise<void>
  /** Ends the helper; what is being told is given up. */
  close(): void
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Node has no Unix datagram sockets, and systemd-notify is where systemd is. It is started by a
 * shell that is there from the beginning, for a process with a large heap takes its time to fork.
 * A line is a notice, its assignments with tabs between; the answer is the exit status and what was
 * printed. The shell ends with its input, so with this process too.
 */
const HELPER = `trap '' TERM INT HUP; set -f
while IFS='\t' read -r a b c; do
  out=$(exec systemd-notify "$a" \${b:+"$b"} \${c:+"$c"} 2>&1); status=$?
  echo $status $out
done`

/** systemd-notify waits for five seconds until its message was read. */
const ANSWER_MS = 15_000

/** Undefined where no service manager asked to be told. */
export function openServiceManager(env: Environment): ServiceManager | undefined {
  const { NOTIFY_SOCKET: socket, PATH = '/usr/local/bin:/usr/bin:/bin' } = env
  if (socket === undefined || socket === '') return undefined
  return new NotifyHelper({ NOTIFY_SOCKET: socket, PATH })
}

/** Milliseconds without a sign of life after which systemd ends this process, if it watches. */
export function watchdogMs(env: Environment, pid: number = process.pid): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env
  const ms = Number(WATCHDOG_USEC) / 1_000
  if (!Number.isFinite(ms) || ms <= 0) return undefined
  return WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid ? ms : undefined
}

/** One notice as the line that the helper reads: at most three assignments. */
function noticeLine(notice: Notice): string {
  return Object.entries(notice)
    .map(([name, value]) => `${name}=${value.replaceAll(/\p{Cc}+/gu, ' ')}`)
    .join('\t')
}

class NotifyHelper implements ServiceManager {
  readonly #env: { NOTIFY_SOCKET: string; PATH: string }
  #helper: Helper | undefined
  /** Notices go one after another: READY must not overtake RELOADING. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(env: { NOTIFY_SOCKET: string; PATH: string }) {
    this.#env = env
    this.#helper = new Helper(env)
  }

  tell(notice: Notice): Promise<void> {
    const told = this.#last.then(() => this.#send(noticeLine(notice)))
    this.#last = told.catch(() => undefined)
    return told
  }

  close(): void {
    this.#helper?.end()
    this.#helper = undefined
  }

  async #send(line: string): Promise<void> {
    const helper = (this.#helper ??= new Helper(this.#env))
    try {
      const answer = await helper.ask(line)
      if (!/^0\b/.test(answer)) throw new Error(`systemd-notify failed: ${answer}`)
    } catch (error) {
      helper.end()
      if (this.#helper === helper) this.#helper = undefined
      throw error
    }
  }
}

/** The shell and the one question that it works on. */
class Helper {
  readonly #child: ChildProcess
  #asked: PromiseWithResolvers<string> | undefined
  #ended: Error | undefined

  constructor(env: { NOTIFY_SOCKET: string; PATH: string }) {
    // It gets no other variable: some of them are secrets.
    const child = spawn('/bin/sh', ['-c', HELPER], { env, stdio: ['pipe', 'pipe', 'ignore'] })
    this.#child = child
    const { stdin, stdout } = child
    createInterface({ input: stdout }).on('line', (line) => this.#asked?.resolve(line))
    child.on('error', (error) => this.#fail(error))
    stdin.on('error', (error) => this.#fail(error))
    child.on('exit', (code, signal) =>
      this.#fail(new Error(`the helper that runs systemd-notify has ended (${signal ?? code})`)),
    )
    // It keeps no process alive that is done.
    child.unref()
    for (const stream of [stdin, stdout]) (stream as Partial<UnrefAble>).unref?.()
  }

  async ask(line: string): Promise<string> {
    if (this.#ended !== undefined) throw this.#ended
    const asked = (this.#asked = Promise.withResolvers<string>())
    const timer = setTimeout(
      () => asked.reject(new Error(`systemd-notify did not end within ${ANSWER_MS} ms`)),
      ANSWER_MS,
    )
    try {
      this.#child.stdin?.write(`${line}\n`)
      return await asked.promise
    } finally {
      clearTimeout(timer)
      this.#asked = undefined
    }
  }

  end(): void {
    this.#fail(new Error('closed'))
    this.#child.stdin?.end()
  }

  #fail(error: Error): void {
    this.#ended ??= error
    this.#asked?.reject(error)
  }
}

interface UnrefAble {
  unref(): void
}
