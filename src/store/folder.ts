import { constants } from 'node:fs'
import { access, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { GatewayError } from '../session/errors.ts'
import { folderError } from './folder-errors.ts'
import { FolderIdentity, type FolderMemory } from './folder-identity.ts'
import { listNextParts, listObjects } from './folder-list.ts'
import { createObject, removeObject, swapObject, withCurrent } from './folder-object.ts'
import { objectPath } from './folder-paths.ts'
import { sweepWork } from './folder-sweep.ts'
import { checkName, checkPartsPrefix, checkPrefix } from './names.ts'
import type { ListedObject, ObjectStore, PutOutcome, RequestOptions, StoredObject } from './port.ts'

/**
 * A folder as object store, made where it is new. Any number of processes may share it. One that is
 * known (`memory`) and not there is opened all the same: every call throws `store.gone` until it is
 * back.
 */
export async function openFolderStore(dir: string, memory?: FolderMemory): Promise<ObjectStore> {
  const store = new FolderStore(resolve(dir), memory)
  await store.open()
  return store
}

class FolderStore implements ObjectStore {
  readonly label: string
  readonly offHost = false
  readonly #root: string
  readonly #identity: FolderIdentity

  constructor(root: string, memory: FolderMemory | undefined) {
    this.#root = root
    this.#identity = new FolderIdentity(root, memory)
    this.label = `folder ${root}`
  }

  async open(): Promise<void> {
    try {
      await this.#run('', undefined, async () => {
        await this.#identity.prove()
        await sweepWork(this.#root, Date.now())
      })
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'store.gone') throw error
    }
  }

  get(name: string, options?: RequestOptions): Promise<StoredObject | undefined> {
    return this.#named(name, options, async () => {
      const object = objectPath(this.#root, name)
      const found = await withCurrent(object, async (etag, file) => ({
        bytes: bytesOf(await readFile(file)),
        etag,
      }))
      // In a folder that is gone there is nothing: that is no answer.
      await this.#identity.confirm()
      return found
    })
  }

  put(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<{ etag: string }> {
    return this.#named(name, options, async () => {
      // Each turn that is lost was won by another writer.
      for (;;) {
        options?.signal?.throwIfAborted()
        await this.#identity.confirm()
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
    return this.#conditional(name, options, () => createObject(this.#root, name, bytes))
  }

  compareAndSwap(
    name: string,
    bytes: Uint8Array,
    etag: string,
    options?: RequestOptions,
  ): Promise<PutOutcome> {
    return this.#conditional(name, options, async () => {
      // It becomes a path; and what this adapter never gave out matches nothing.
      if (!/^[0-9a-f]{32}$/.test(etag)) return { kind: 'conflict' }
      return swapObject(this.#root, name, bytes, etag)
    })
  }

  remove(name: string, options?: RequestOptions): Promise<void> {
    return this.#named(name, options, async () => {
      await this.#identity.confirm()
      await removeObject(this.#root, name)
    })
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
      await this.#identity.prove()
      await access(this.#root, constants.R_OK | constants.W_OK | constants.X_OK)
    })
  }

  async close(): Promise<void> {
    // Nothing is held open between calls.
  }

  #conditional(
    name: string,
    options: RequestOptions | undefined,
    work: () => Promise<PutOutcome>,
  ): Promise<PutOutcome> {
    return this.#named(name, options, async () => {
      await this.#identity.confirm()
      const outcome = await work()
      // A folder that went meanwhile holds no version at all.
      if (outcome.kind === 'conflict') await this.#identity.confirm()
      return outcome
    })
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
      await this.#identity.confirm()
    } catch (error) {
      throw folderError(error, this.#root, prefix)
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
