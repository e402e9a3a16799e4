import type { OutboxChange, OutboxRow, OutboxStore, RefusedRow } from '../../src/registry/port.ts'

/** An outbox's disk that outlives the outbox, for as long as the test keeps it. */
export class MemoryOutbox implements OutboxStore {
  readonly rows = new Map<number, OutboxRow>()
  readonly refused: RefusedRow[] = []
  counts: Record<string, number> = {}
  writes = 0
  /** While set, every write fails with it. */
  failure: Error | undefined

  async load(): ReturnType<OutboxStore['load']> {
    const last = this.refused.at(-1)
    return {
      waiting: [...this.rows.values()].toSorted((a, b) => a.seq - b.seq),
      ...(last === undefined ? {} : { refused: last }),
      counts: { ...this.counts },
    }
  }

  async write({ put, remove, refuse, counts }: OutboxChange): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    this.writes++
    for (const row of put) this.rows.set(row.seq, row)
    for (const seq of remove) this.rows.delete(seq)
    this.refused.push(...refuse)
    Object.assign(this.counts, counts)
  }
}
