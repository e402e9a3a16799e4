import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import PQueue from 'p-queue'
import { z } from 'zod'
import { GatewayError } from '../session/errors.ts'
import type { StateFile } from './multi-file.ts'

/*
 * A folder that sessions are exported to. `wa-gateway-export.json` says that it is ours, and of each
 * session which state lies there. A session is written under a hidden name, made durable, renamed,
 * and noted: what has its proper name is whole.
 */
const LIST = 'wa-gateway-export.json'
const PARTIAL = '.partial-'
/** Together they wait for the disk about as long as one. */
const FILES_AT_ONCE = 64

const exported = z.object({
  seq: z.number(),
  hash: z.string(),
  /** Milliseconds since the epoch: when this state was the newest. */
  at: z.number(),
})
const list = z.object({
  version: z.literal(1),
  format: z.enum(['multi-file', 'portable']),
  sessions: z.record(z.string(), exported),
})

export type ExportFormat = z.infer<typeof list>['format']
export type Exported = z.infer<typeof exported>

/** What is written for one session: a folder of files, or one file. */
export type Piece =
  | { kind: 'folder'; name: string; files: Iterable<StateFile> }
  | { kind: 'file'; name: string; bytes: Uint8Array }

export class ExportFolder {
  readonly path: string
  readonly #list: z.infer<typeof list>
  /** One write of the list at a time. */
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, found: z.infer<typeof list>) {
    this.path = path
    this.#list = found
  }

  /** A folder that is new, empty, or one that an export began; throws `usage` for any other. */
  static async open(path: string, format: ExportFormat): Promise<ExportFolder> {
    const made = await mkdir(path, { recursive: true, mode: 0o700 })
    if (made !== undefined) await chmod(path, 0o700)
    const names = await readdir(path)
    const folder = new ExportFolder(path, { version: 1, format, sessions: {} })
    if (names.length === 0) {
      await folder.#save()
      return folder
    }
    const known = names.includes(LIST) ? await readList(path) : undefined
    if (known === undefined) throw notOurs(path)
    if (known.format !== format) throw otherFormat(path, known.format)
    for (const name of names)
      if (name.startsWith(PARTIAL)) await rm(join(path, name), { recursive: true })
    return new ExportFolder(path, known)
  }

  /**
   * The state of the session that lies there. `unknown`: something of its name does, which this
   * program did not note; it is left alone.
   */
  async find(session: string, name: string): Promise<Exported | 'unknown' | undefined> {
    const there = await stat(join(this.path, name)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false
        throw error
      },
    )
    return there ? (this.#list.sessions[session] ?? 'unknown') : undefined
  }

  async put(session: string, piece: Piece, state: Exported): Promise<void> {
    const { name } = piece
    const partial = join(this.path, `${PARTIAL}${randomBytes(6).toString('hex')}`)
    if (piece.kind === 'file') await writeDurably(partial, piece.bytes)
    else {
      await mkdir(partial, { mode: 0o700 })
      const queue = new PQueue({ concurrency: FILES_AT_ONCE })
      await queue.addAll(
        Array.from(piece.files, (file) => () => writeDurably(join(partial, file.name), file.bytes)),
      )
      await syncFolder(partial)
    }
    // Noted first: a kill in between leaves a note of what is not there, which `find` does not miss.
    this.#list.sessions[session] = state
    await this.#save()
    await rename(partial, join(this.path, name))
    await syncFolder(this.path)
  }

  async #save(): Promise<void> {
    const before = this.#writing
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#writing = promise
    await before
    try {
      const partial = join(this.path, `${PARTIAL}${randomBytes(6).toString('hex')}`)
      const text = `${JSON.stringify(this.#list, undefined, 2)}\n`
      await writeDurably(partial, Buffer.from(text))
      await rename(partial, join(this.path, LIST))
    } finally {
      resolve()
    }
  }
}

async function readList(path: string): Promise<z.infer<typeof list> | undefined> {
  try {
    return list.parse(JSON.parse(await readFile(join(path, LIST), 'utf8')))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

/** `wx`: two names that a file system takes for one must not share a file. */
async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(bytes)
    await file.datasync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function notOurs(path: string): GatewayError {
  return new GatewayError({
    code: 'usage',
    subject: path,
    message: `${path} is not empty, and no export of this program`,
    hint: 'name a folder that does not exist yet',
  })
}

function otherFormat(path: string, format: string): GatewayError {
  return new GatewayError({
    code: 'usage',
    subject: path,
    message: `${path} holds an export in the format ${format}`,
    hint: 'name another folder, or that format',
  })
}
