import { constants } from 'node:fs'
import { access, mkdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import { folderError, isErrno } from './folder-errors.ts'
import { listNextParts, listObjects } from './folder-list.ts'
import { createObject, removeObject, swapObject, withCurrent } from './folder-object.ts'
import { objectPath, WORK_DIRECTORY } from './folder-paths.ts'
import { sweepWork } from './folder-sweep.ts'
import { checkName, checkPartsPrefix, checkPrefix } from './names.ts'
import type { ListedObject, ObjectStore, PutOutcome, RequestOptions, StoredObject } from './port.ts'

/** A folder as object store, made where it is missing. Any number of processes may share it. */
export async function openFolderStore(dir: string): Promise<ObjectStore> {
  const store = new FolderStore(resolve(dir))
  await store.open()
  return store
}

class FolderStore implements ObjectStore {
  readonly label: string
  readonly offHost = false
  readonly #root: string

  constructor(root: string) {
    this.#root = root
    this.label = `folder ${root}`
  }

  async open(): Promise<void> {
    await this.#run('', undefined, async () => {
      await this.#makeRoot()
      await sweepWork(this.#root, Date.now())
    })
  }

  get(name: string, options?: RequestOptions): Promise<StoredObject | undefined> {
    return this.#named(name, options, () =>
      withCurrent(objectPath(this.#root, name), async (etag, file) => ({
        bytes: new Uint8Array(await readFile(file)),
        etag,
      })),
    )
  }

  put(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<{ etag: string }> {
    return this.#named(name, options, async () => {
      // Each turn that is lost was won by another writer.
      for (;;) {
        options?.signal?.throwIfAborted()
        const current = await withCurrent(objectPath(this.#root, name), async (etag) => etag)
        const outcome =
          current === undefined
            ? await createObject(this.#root, name, bytes)
            : await swapObject(this.#root, name, bytes, current)
        if (outcome.kind === 'stored') return { etag: outcome.etag }
      }
    })
  }

  putIfAbsent(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<PutOutcome> {
    return this.#named(name, options, () => createObject(this.#root, name, bytes))
  }

  compareAndSwap(
    name: string,
    bytes: Uint8Array,
    etag: string,
    options?: RequestOptions,
  ): Promise<PutOutcome> {
    return this.#named(name, options, async () => {
      // It becomes a path; and what this adapter never gave out matches nothing.
      if (!/^[0-9a-f]{32}$/.test(etag)) return { kind: 'conflict' }
      return swapObject(this.#root, name, bytes, etag)
    })
  }

  remove(name: string, options?: RequestOptions): Promise<void> {
    return this.#named(name, options, () => removeObject(this.#root, name))
  }

  list(prefix: string, options?: RequestOptions): AsyncIterable<ListedObject> {
    checkPrefix(prefix)
    return this.#stream(prefix, options, listObjects)
  }

  listParts(prefix: string, options?: RequestOptions): AsyncIterable<string> {
    checkPartsPrefix(prefix)
    return this.#stream(prefix, options, listNextParts)
  }

  async check(options?: RequestOptions): Promise<void> {
    await this.#run('', options?.signal, async () => {
      await this.#makeRoot()
      await access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK)
    })
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  async #makeRoot(): Promise<void> {
    try {
      await mkdir(join(this.#root, WORK_DIRECTORY), { recursive: true, mode: 0o700 })
    } catch (error) {
      if (!isErrno(error, 'ENOTDIR', 'EEXIST')) throw error
      throw new GatewayError({
        code: 'store.unavailable',
        message: `${this.#root} cannot be the object folder: it or a parent of it is a file`,
        subject: this.#root,
        hint: 'name another folder in WA_GATEWAY_STORAGE_DIR',
        cause: error,
      })
    }
  }

  #named<T>(name: string, options: RequestOptions | undefined, work: () => Promise<T>): Promise<T> {
    return this.#run(name, options?.signal, async () => {
      checkName(name)
      return work()
    })
  }

  async #run<T>(name: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      throw folderError(error, this.#root, name)
    }
  }

  async *#stream<T>(
    prefix: string,
    options: RequestOptions | undefined,
    walk: (root: string, prefix: string, signal: AbortSignal | undefined) => AsyncIterable<T>,
  ): AsyncGenerator<T> {
    options?.signal?.throwIfAborted()
    try {
      yield* walk(this.#root, prefix, options?.signal)
    } catch (error) {
      throw folderError(error, this.#root, prefix)
    }
  }
}
