import { readdirSync } from 'node:fs'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { OBJECT_MARK, objectPath } from '../../src/store/folder-paths.ts'

/** The files of a folder store's objects, below its root; not of what tells it from others. */
export function objectFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith(OBJECT_MARK))
}

/** What lies in a `folder` store, for damaging it and for putting it back. */
export class StoredObjects {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  /** Names of the session's snapshots, the newest last. */
  async snapshots(sessionId: string): Promise<string[]> {
    const prefix = join(this.#root, 'v1/sessions', sessionId)
    const entries = await readdir(prefix, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && /^\d+=$/.test(entry.name))
      .map((entry) => relative(this.#root, join(entry.parentPath, entry.name)))
      .map((path) => path.slice(0, -OBJECT_MARK.length))
      .toSorted()
  }

  async newest(sessionId: string): Promise<string> {
    const name = (await this.snapshots(sessionId)).at(-1)
    if (name === undefined) throw new Error(`${sessionId} has no snapshot`)
    return name
  }

  /** Changes the bytes of an object behind the store's back. */
  async damage(name: string, change: (bytes: Buffer) => Buffer): Promise<void> {
    const file = await this.#file(name)
    await writeFile(file, change(await readFile(file)))
  }

  async remove(name: string): Promise<void> {
    await rm(objectPath(this.#root, name), { recursive: true })
  }

  /** Takes away everything that is stored of the session alone. */
  async removeSession(sessionId: string): Promise<void> {
    await rm(join(this.#root, 'v1/sessions', sessionId), { recursive: true })
  }

  /** Copies an object to a directory beside the store; the function returned puts it back. */
  async keep(name: string): Promise<() => Promise<void>> {
    const object = objectPath(this.#root, name)
    const copy = `${this.#root}-${name.replaceAll('/', '-')}`
    await cp(object, copy, { recursive: true })
    return async () => {
      await rm(object, { recursive: true, force: true })
      await cp(copy, object, { recursive: true })
    }
  }

  /** `<object>=/<etag>/<etag>`, of the one version that there is. */
  async #file(name: string): Promise<string> {
    const object = objectPath(this.#root, name)
    const [etag] = await readdir(object)
    if (etag === undefined) throw new Error(`${name} has no version`)
    return join(object, etag, etag)
  }
}
