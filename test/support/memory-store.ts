import { GatewayError } from '../../src/session/errors.ts'
import type {
  ListedObject,
  ObjectStore,
  PutOutcome,
  RequestOptions,
  StoredObject,
} from '../../src/store/port.ts'

/** One write, as a fault sees it: `apply` does what the server would do, now or ever. */
export interface MemoryWrite {
  kind: 'put' | 'put-if-absent' | 'swap' | 'remove'
  name: string
  bytes: Uint8Array
  apply(): PutOutcome
}

/**
 * An object store in memory. `onWrite` stands between a write and the store: it may apply it and
 * lose the reply, keep it for later, drop it, or wait; `onRead` may wait or throw.
 */
export class MemoryStore implements ObjectStore {
  readonly label: string = 'memory'
  readonly offHost = true
  readonly objects = new Map<string, StoredObject>()
  onWrite: (write: MemoryWrite) => Promise<PutOutcome> = async (write) => write.apply()
  onRead: (name: string) => Promise<void> = async () => undefined
  /** Called after each write that took effect. */
  onStored: (name: string, before: Uint8Array | undefined, after: Uint8Array) => void = () =>
    undefined
  /** Called after each removal. */
  onRemoved: (name: string) => void = () => undefined
  #etag = 0

  async get(name: string, options?: RequestOptions): Promise<StoredObject | undefined> {
    options?.signal?.throwIfAborted()
    await this.onRead(name)
    const found = this.objects.get(name)
    return found && { ...found, bytes: Uint8Array.from(found.bytes) }
  }

  async put(name: string, bytes: Uint8Array): Promise<{ etag: string }> {
    const outcome = await this.onWrite({
      kind: 'put',
      name,
      bytes,
      apply: () => this.store(name, bytes),
    })
    return { etag: outcome.kind === 'stored' ? outcome.etag : '' }
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<PutOutcome> {
    const apply = (): PutOutcome => this.storeIfAbsent(name, bytes)
    return this.onWrite({ kind: 'put-if-absent', name, bytes, apply })
  }

  compareAndSwap(name: string, bytes: Uint8Array, etag: string): Promise<PutOutcome> {
    const apply = (): PutOutcome => this.swap(name, bytes, etag)
    return this.onWrite({ kind: 'swap', name, bytes, apply })
  }

  async remove(name: string): Promise<void> {
    const apply = (): PutOutcome => {
      this.drop(name)
      return { kind: 'stored', etag: '' }
    }
    await this.onWrite({ kind: 'remove', name, bytes: new Uint8Array(), apply })
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    yield* this.listed(prefix)
  }

  async *listParts(prefix: string): AsyncIterable<string> {
    yield* this.parts(prefix)
  }

  async check(): Promise<void> {}
  async close(): Promise<void> {}

  names(prefix = ''): string[] {
    return [...this.objects.keys()].filter((name) => name.startsWith(prefix)).toSorted()
  }

  parts(prefix: string): Set<string> {
    return new Set(this.names(prefix).map((name) => name.slice(prefix.length).split('/')[0] ?? ''))
  }

  listed(prefix: string): ListedObject[] {
    return this.names(prefix).map((name) => {
      const size = this.objects.get(name)?.bytes.length ?? 0
      return { name, size, modified: 0 }
    })
  }

  /** The three writes as the server does them, at once. */
  store(name: string, bytes: Uint8Array): PutOutcome {
    const before = this.objects.get(name)?.bytes
    const etag = `e${++this.#etag}`
    this.objects.set(name, { bytes: Uint8Array.from(bytes), etag })
    this.onStored(name, before, bytes)
    return { kind: 'stored', etag }
  }

  drop(name: string): void {
    this.objects.delete(name)
    this.onRemoved(name)
  }

  storeIfAbsent(name: string, bytes: Uint8Array): PutOutcome {
    return this.objects.has(name) ? { kind: 'conflict' } : this.store(name, bytes)
  }

  swap(name: string, bytes: Uint8Array, etag: string): PutOutcome {
    return this.objects.get(name)?.etag === etag ? this.store(name, bytes) : { kind: 'conflict' }
  }
}

/** What a store throws when it cannot tell whether a write took effect. */
export function unknownOutcome(name: string): GatewayError {
  return new GatewayError({
    code: 'store.unknown-outcome',
    subject: name,
    message: `no reply to the write of ${name}`,
  })
}

export function unavailable(): GatewayError {
  return new GatewayError({ code: 'store.unavailable', message: 'the store is away' })
}
