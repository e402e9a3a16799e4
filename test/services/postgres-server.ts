import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { freePort } from '../support/free-port.ts'

const run = promisify(execFile)
const START_LIMIT_MS = 60_000
const PASSWORD = 'a-password-of-the-tests'

interface User {
  uid?: number
  gid?: number
}

/** A PostgreSQL server of its own on loopback, that can be stopped and started again. */
export class PostgresServer implements AsyncDisposable {
  readonly #dir: string
  readonly #port: number
  readonly #programs: string
  readonly #user: User
  #server: ChildProcess | undefined
  #log = ''
  #databases = 0
  readonly #killed = (): void => void this.#server?.kill('SIGKILL')

  private constructor(dir: string, port: number, programs: string, user: User) {
    this.#dir = dir
    this.#port = port
    this.#programs = programs
    this.#user = user
    process.once('exit', this.#killed)
  }

  /** Takes about a second. */
  static async start(): Promise<PostgresServer> {
    const programs = findPrograms()
    const dir = await mkdtemp(join(tmpdir(), 'wa-postgres-'))
    const user = await otherThanRoot()
    const server = new PostgresServer(dir, await freePort(), programs, user)
    try {
      const { uid, gid } = user
      const secret = join(dir, 'password')
      await writeFile(secret, PASSWORD)
      if (uid !== undefined && gid !== undefined)
        for (const path of [dir, secret]) await chown(path, uid, gid)
      await chmod(dir, 0o700)
      const args = ['--no-sync', '-A', 'scram-sha-256', '-U', 'postgres', `--pwfile=${secret}`]
      const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }
      await run(join(programs, 'initdb'), [...args, '-D', join(dir, 'data')], {
        ...user,
        env,
        cwd: dir,
      })
      await server.resume()
      return server
    } catch (error) {
      await server[Symbol.asyncDispose]()
      throw error
    }
  }

  get port(): number {
    return this.#port
  }

  /** The URL of a database; that of an administrator where none is named. */
  url(database = 'postgres', password = PASSWORD): string {
    return `postgresql://postgres:${password}@127.0.0.1:${this.#port}/${database}`
  }

  /** Makes an empty database; returns its URL. */
  async database(): Promise<string> {
    const name = `fleet_${++this.#databases}`
    await this.query(this.url(), `create database ${name}`)
    return this.url(name)
  }

  async query(url: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url })
    await client.connect()
    try {
      const { rows } = await client.query<Record<string, unknown>>(text)
      return rows
    } finally {
      await client.end()
    }
  }

  /** Ends the server; what it holds stays. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const closed = once(server, 'close')
    server.kill('SIGINT')
    await closed
  }

  /** Starts it, at first or after a stop, and waits until it answers. */
  async resume(): Promise<void> {
    const settings = [
      `listen_addresses=127.0.0.1`,
      `unix_socket_directories=${this.#dir}`,
      // What a power cut would take is not what is tested.
      'fsync=off',
    ].flatMap((setting) => ['-c', setting])
    const args = ['-D', join(this.#dir, 'data'), '-p', String(this.#port), ...settings]
    const server = spawn(join(this.#programs, 'postgres'), args, {
      ...this.#user,
      cwd: this.#dir,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
    })
    this.#server = server
    const deadline = Date.now() + START_LIMIT_MS
    for (;;) {
      try {
        await this.query(this.url(), 'select 1')
        return
      } catch (error) {
        if (Date.now() > deadline || server.exitCode !== null)
          throw new Error(`PostgreSQL did not start\n${this.#log.slice(-2_000)}`, { cause: error })
        await sleep(50)
      }
    }
  }

  /** Stands still, as one whose host hangs, until `thaw`. */
  freeze(): void {
    this.#server?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#server?.kill('SIGCONT')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    process.off('exit', this.#killed)
    await rm(this.#dir, { recursive: true, force: true })
  }
}

/** The directory of the server's programs, which Debian leaves out of PATH; the newest version's. */
function findPrograms(): string {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian) : []
  const places = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...versions.toSorted((a, b) => Number(b) - Number(a)).map((one) => join(debian, one, 'bin')),
  ]
  const found = places.find((place) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(place, program))),
  )
  if (found !== undefined) return found
  throw new Error('PostgreSQL is missing. These tests need its server: apt-get install postgresql')
}

/** PostgreSQL refuses to run as root: then it is the user of Debian's package. */
async function otherThanRoot(): Promise<User> {
  if (process.getuid?.() !== 0) return {}
  const numberOf = async (kind: '-u' | '-g') => Number((await run('id', [kind, 'postgres'])).stdout)
  return { uid: await numberOf('-u'), gid: await numberOf('-g') }
}
