import type { OutboxChange, OutboxRow, OutboxStore } from '../../registry/port.ts'
import type { Letter } from './letter.ts'

/**
 * Keeps the letters on disk, in groups: one write holds all that changed since the one before
 * began. What came and went in between is never written, nor is what expires.
 */
export class LettersOnDisk {
  readonly #store: OutboxStore
  readonly #onError: (error: unknown) => void
  readonly #rows = new Set<number>()
  #put = new Map<number, OutboxRow>()
  #remove = new Set<number>()
  #refuse: OutboxChange['refuse'][number][] = []
  #counts: Record<string, number> = {}
  #writing: Promise<void> | undefined

  constructor(store: OutboxStore, onError: (error: unknown) => void) {
    this.#store = store
    this.#onError = onError
  }

  async load(): Promise<{
    letters: Letter[]
    refused?: OutboxChange['refuse'][number]
    counts: Record<string, number>
  }> {
    const { waiting, ...rest } = await this.#store.load()
    for (const { seq } of waiting) this.#rows.add(seq)
    const letters = waiting.map(
      ({ body, ...row }) => ({ ...row, body: JSON.parse(body) as object }) as Letter,
    )
    return { letters, ...rest }
  }

  put(letter: Letter): void {
    if (letter.expiresAt !== undefined) return
    this.#put.set(letter.seq, rowOf(letter))
    this.#write()
  }

  remove({ seq }: Letter): void {
    this.#put.delete(seq)
    if (!this.#rows.has(seq)) return
    this.#rows.delete(seq)
    this.#remove.add(seq)
    this.#write()
  }

  /** The letter is kept apart, with why. */
  refuse(letter: Letter, refusedAt: number, error: string): void {
    this.remove(letter)
    if (letter.expiresAt !== undefined) return
    this.#refuse.push({ ...rowOf(letter), refusedAt, error })
    this.#write()
  }

  count(name: string, value: number): void {
    this.#counts[name] = value
    this.#write()
  }

  /** Resolves when everything up to now is on disk, or could not be written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  async #writeAll(): Promise<void> {
    // Whatever else happens in this turn of the event loop belongs to the first group.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#dirty) {
      const change = {
        put: [...this.#put.values()],
        remove: [...this.#remove],
        refuse: this.#refuse,
        counts: this.#counts,
      }
      this.#put = new Map()
      this.#remove = new Set()
      this.#refuse = []
      this.#counts = {}
      for (const { seq } of change.put) this.#rows.add(seq)
      try {
        await this.#store.write(change)
      } catch (error) {
        // The letters are still in memory and go from there.
        this.#onError(error)
      }
    }
  }

  get #dirty(): boolean {
    const { length } = this.#refuse
    return this.#put.size + this.#remove.size + length + Object.keys(this.#counts).length > 0
  }
}

function rowOf({ seq, lane, call, body, at }: Letter): OutboxRow {
  return { seq, lane, call, body: JSON.stringify(body), at }
}
