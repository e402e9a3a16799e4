import { randomBytes } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import { isErrno } from './folder-errors.ts'
import { createObject, withCurrent } from './folder-object.ts'
import { MARKER, OBJECT_MARK, objectPath, WORK_DIRECTORY } from './folder-paths.ts'

/** What a host remembers of object folders, by their path: an unmounted one looks like a new one. */
export interface FolderMemory {
  get(dir: string): string | undefined
  set(dir: string, id: string): void
  /** Where it is kept, for messages. */
  readonly file: string
  /** Disks are exchanged there: any folder that has an id will do. */
  readonly rotates?: boolean
  /** Whoever uses it only looks: neither the folder nor the memory gets an id. */
  readonly looks?: boolean
}

/**
 * Which folder this is: the id in the marker that lies in it since its first use.
 *
 *   new ──first use──► known ──root or marker gone, or another's──► gone ──back──► known
 *
 * Nothing is made where a known folder should be, since what is mounted there later would hide it.
 */
export class FolderIdentity {
  readonly #root: string
  readonly #memory: FolderMemory | undefined
  #id: string | undefined
  /** The directory in which the marker was read last. */
  #seen: string | undefined
  #proving: Promise<void> | undefined

  constructor(root: string, memory: FolderMemory | undefined) {
    this.#root = root
    this.#memory = memory
  }

  /** Throws `store.gone` where the folder is not what it was; costs one look at its root. */
  async confirm(): Promise<void> {
    if (this.#seen === undefined || (await this.#place()) !== this.#seen) await this.prove()
  }

  /** As `confirm`, and reads the marker whatever the root looks like. Begins a new folder. */
  prove(): Promise<void> {
    this.#proving ??= this.#prove().finally(() => {
      this.#proving = undefined
    })
    return this.#proving
  }

  async #prove(): Promise<void> {
    this.#seen = undefined
    const place = await this.#place()
    const found = place === undefined ? undefined : await this.#read()
    this.#id ??= this.#remembered(found)
    if (this.#id === undefined) return this.#begin(found)
    if (place === undefined || found !== this.#id) throw this.#gone(place, found)
    await this.#makeWork()
    this.#seen = place
  }

  #remembered(found: string | undefined): string | undefined {
    const known = this.#memory?.get(this.#root)
    const exchanged = this.#memory?.rotates === true && found !== undefined && found !== known
    return exchanged ? undefined : known
  }

  async #begin(found: string | undefined): Promise<void> {
    await this.#make()
    const looks = this.#memory?.looks === true
    this.#id = found ?? (looks ? undefined : await this.#mark())
    if (this.#id !== undefined && !looks) this.#memory?.set(this.#root, this.#id)
    this.#seen = await this.#place()
  }

  async #mark(): Promise<string> {
    const id = randomBytes(16).toString('hex')
    const { kind } = await createObject(this.#root, MARKER, Buffer.from(`${id}\n`))
    // Another process was first.
    return kind === 'stored' ? id : ((await this.#read()) ?? this.#mark())
  }

  #read(): Promise<string | undefined> {
    return withCurrent(objectPath(this.#root, MARKER), async (_, file) =>
      (await readFile(file, 'utf8')).trim(),
    )
  }

  /** Undefined where no directory is. Its birth is part of it: numbers are given again. */
  async #place(): Promise<string | undefined> {
    try {
      const found = await stat(this.#root, { bigint: true })
      if (!found.isDirectory()) throw inTheWay(this.#root)
      return `${found.dev} ${found.ino} ${found.birthtimeNs}`
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined
      if (isErrno(error, 'ENOTDIR')) throw inTheWay(this.#root, error)
      throw error
    }
  }

  async #make(): Promise<void> {
    try {
      await mkdir(join(this.#root, WORK_DIRECTORY), { recursive: true, mode: 0o700 })
    } catch (error) {
      throw isErrno(error, 'ENOTDIR', 'EEXIST') ? inTheWay(this.#root, error) : error
    }
  }

  async #makeWork(): Promise<void> {
    try {
      await mkdir(join(this.#root, WORK_DIRECTORY), { mode: 0o700 })
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
    }
  }

  #gone(place: string | undefined, found: string | undefined): GatewayError {
    const root = this.#root
    const what =
      place === undefined
        ? 'it is not there'
        : found === undefined
          ? `a folder without its marker (${MARKER}${OBJECT_MARK}) is there instead`
          : 'another object folder is there instead'
    const anew =
      this.#memory === undefined
        ? ''
        : `; to go on with what is there instead, delete ${this.#memory.file} and restart the daemon`
    return new GatewayError({
      code: 'store.gone',
      message: `the object folder ${root} is gone: ${what}`,
      subject: root,
      hint: `mount its disk again (findmnt -T ${root}), or move the folder back${anew}`,
    })
  }
}

function inTheWay(root: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'store.unavailable',
    message: `${root} cannot be the object folder: it or a parent of it is a file`,
    subject: root,
    hint: 'name another folder in WA_GATEWAY_STORAGE_DIR',
    cause,
  })
}
