import { keyOf } from './images.ts'
import type { Entry } from './port.ts'

/** Bytes of values kept. A session leaves as soon as it changes, so few are here for long. */
const LIMIT = 32 * 1024 * 1024
/** What an entry takes beside its value. */
const ENTRY_BYTES = 200

interface Kept {
  entries: Entry[]
  /** Made when the first value is asked for. */
  values?: Map<string, Uint8Array>
  bytes: number
}

/** The values of sessions that are images, by the sessions' numbers: those used last, up to a limit. */
export class ImageCache {
  readonly #limit: number
  readonly #kept = new Map<number, Kept>()
  #bytes = 0

  constructor(limit = LIMIT) {
    this.#limit = limit
  }

  put(n: number, entries: Entry[]): void {
    this.drop(n)
    const bytes = entries.reduce((sum, { value }) => sum + value.length + ENTRY_BYTES, 0)
    this.#kept.set(n, { entries, bytes })
    this.#bytes += bytes
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#limit || oldest === n) break
      this.drop(oldest)
    }
  }

  entries(n: number): Entry[] | undefined {
    return this.#use(n)?.entries
  }

  /** Undefined where the image is not here; otherwise its value, if there is one. */
  find(n: number, type: string, id: string): { value: Uint8Array | undefined } | undefined {
    const kept = this.#use(n)
    if (kept === undefined) return undefined
    kept.values ??= new Map(kept.entries.map((entry) => [keyOf(entry.type, entry.id), entry.value]))
    return { value: kept.values.get(keyOf(type, id)) }
  }

  drop(n: number): void {
    this.#bytes -= this.#kept.get(n)?.bytes ?? 0
    this.#kept.delete(n)
  }

  #use(n: number): Kept | undefined {
    const kept = this.#kept.get(n)
    if (kept === undefined) return undefined
    this.#kept.delete(n)
    this.#kept.set(n, kept)
    return kept
  }
}
