import { randomBytes } from 'node:crypto'
import type {
  AckMode,
  BaseTag,
  Entry,
  Inspection,
  JournalEntry,
  LocalSession,
  SessionImage,
  ShippedEnd,
} from '../../src/authstate/port.ts'
import { unpackEntries } from '../../src/authstate/packed.ts'
import { encodeRecord } from '../../src/authstate/record.ts'
import type { LocalState } from '../../src/replica/context.ts'
import { GatewayError } from '../../src/session/errors.ts'

interface Row {
  seq: number
  hash: string
  changedAt: number
  tags: BaseTag[]
  storedSeq: number
  confirmedEpoch: number
  paired: boolean
  entries: Map<string, Entry>
  /** Changes after storedSeq, oldest first. */
  journal: JournalEntry[]
}

const GENESIS = '0'.repeat(64)

/** What survives a process: copy it to take a disk's image, put a new one in to wipe it. */
export interface MemoryDisk {
  boots: Set<string>
  nextSlots: Map<string, number>
  rows: Map<string, Row>
  quarantined: { sessionId: string; seq: number; reason: string }[]
}

export function newDisk(): MemoryDisk {
  return { boots: new Set(), nextSlots: new Map(), rows: new Map(), quarantined: [] }
}

/**
 * The local state of sessions in memory, as the replica needs it. `durable` stands before each
 * change takes effect, so that a test can end a process between two of them.
 */
export class MemoryAuthStore implements LocalState {
  readonly disk: MemoryDisk
  readonly ack: AckMode
  boot = ''
  durable: () => Promise<void> = async () => undefined
  onImage: (image: SessionImage) => void = () => undefined
  onInstall: (image: SessionImage) => void = () => undefined
  readonly random: () => string
  /** Milliseconds since the epoch, for the times of changes. */
  now: () => number = () => 0

  readonly #suspensions = new Map<string, { reason: string; ackSeq: number }>()
  readonly #listeners = new Set<(sessionId: string) => void>()

  constructor(
    disk: MemoryDisk = newDisk(),
    ack: AckMode = 'local',
    random = () => randomBytes(16).toString('hex'),
  ) {
    this.disk = disk
    this.ack = ack
    this.random = random
    this.mintBoot()
  }

  mintBoot(boot = this.random()): void {
    this.boot = boot
    this.disk.boots.add(this.boot)
  }

  async renewBoot(): Promise<string> {
    await this.durable()
    this.mintBoot()
    return this.boot
  }

  nextSlot(boot: string): number {
    if (!this.isMine(boot)) throw new RangeError(`boot ${boot} was not minted here`)
    return this.disk.nextSlots.get(boot) ?? 0
  }

  isMine(boot: string): boolean {
    return this.disk.boots.has(boot)
  }

  list(): LocalSession[] {
    return Array.from(this.disk.rows, ([sessionId, row]) => toLocalSession(sessionId, row))
  }

  find(sessionId: string): LocalSession | undefined {
    const row = this.disk.rows.get(sessionId)
    return row && toLocalSession(sessionId, row)
  }

  hashAt(sessionId: string, seq: number): string | undefined {
    const row = this.disk.rows.get(sessionId)
    if (row === undefined) return undefined
    if (seq === row.seq) return row.hash
    const { journal } = row
    const before = journal.find((entry) => entry.seq === seq + 1)?.previous
    return journal.find((entry) => entry.seq === seq)?.hash ?? before
  }

  journal(sessionId: string, afterSeq: number, maxBytes: number): JournalEntry[] {
    let bytes = 0
    const later = this.#row(sessionId).journal.filter((entry) => entry.seq > afterSeq)
    const end = later.findIndex((entry, n) => (bytes += entry.record.length) > maxBytes && n > 0)
    return end === -1 ? later : later.slice(0, end)
  }

  async confirmShipped(boot: string, slot: number, ends: readonly ShippedEnd[]): Promise<void> {
    const next = this.nextSlot(boot)
    if (slot > next) throw new RangeError(`slot ${slot} of boot ${boot} comes before slot ${next}`)
    await this.durable()
    this.disk.nextSlots.set(boot, Math.max(this.nextSlot(boot), slot + 1))
    for (const { sessionId, seq, hash } of ends) {
      const row = this.disk.rows.get(sessionId)
      if (row !== undefined && this.hashAt(sessionId, seq) === hash) stored(row, seq)
    }
  }

  onChanges(listener: (sessionId: string) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  suspend(sessionId: string, reason: string): void {
    const row = this.disk.rows.get(sessionId)
    if (row === undefined || this.#suspensions.has(sessionId)) return
    this.#suspensions.set(sessionId, { reason, ackSeq: this.ackSeq(sessionId) })
  }

  suspendAll(reason: string): void {
    for (const sessionId of this.disk.rows.keys()) this.suspend(sessionId, reason)
  }

  resume(sessionId: string): void {
    this.#suspensions.delete(sessionId)
  }

  suspended(sessionId: string): string | undefined {
    return this.#suspensions.get(sessionId)?.reason
  }

  /** Up to where the session's changes are acknowledged, as a handle of it would say. */
  ackSeq(sessionId: string): number {
    const row = this.#row(sessionId)
    const reachable = this.ack === 'remote' ? row.storedSeq : row.seq
    return this.#suspensions.get(sessionId)?.ackSeq ?? reachable
  }

  /** Begins an unpaired state: its creds are the first change. */
  async create(sessionId: string, base = { seq: 0, hash: GENESIS }): Promise<void> {
    this.#assertNone(sessionId)
    await this.durable()
    this.disk.rows.set(sessionId, {
      ...base,
      changedAt: 0,
      tags: [],
      storedSeq: base.seq,
      confirmedEpoch: 0,
      paired: false,
      entries: new Map(),
      journal: [],
    })
    this.change(sessionId, 'creds', '', 'unpaired')
  }

  /** One change, durable at once. */
  change(sessionId: string, type: string, id: string, text: string): void {
    const row = this.#row(sessionId)
    const [seq, previous, value] = [row.seq + 1, row.hash, Buffer.from(text)]
    const write = { type, id, value }
    const at = Math.max(this.now(), row.changedAt)
    const { record, hash } = encodeRecord(seq, Buffer.from(previous, 'hex'), [write], at)
    row.changedAt = at
    row.seq = seq
    row.hash = hash.toString('hex')
    row.journal.push({ seq, previous, hash: row.hash, record })
    row.entries.set(`${type}/${id}`, write)
    if (type === 'creds') row.paired = text !== 'unpaired'
    for (const listener of this.#listeners) listener(sessionId)
  }

  async install(image: SessionImage, tag: BaseTag): Promise<void> {
    this.#assertNone(image.sessionId)
    this.onInstall(image)
    await this.durable()
    const { seq, hash, changedAt, sessionId } = image
    const entries = new Map(image.entries.map((entry) => [`${entry.type}/${entry.id}`, entry]))
    const paired = this.isPaired(image)
    const fresh = { tags: [tag], storedSeq: seq, confirmedEpoch: 0 }
    this.disk.rows.set(sessionId, { seq, hash, changedAt, ...fresh, paired, entries, journal: [] })
  }

  async tag(sessionId: string, tag: BaseTag, keep: boolean): Promise<void> {
    await this.durable()
    const row = this.#row(sessionId)
    row.tags = keep ? [...row.tags, tag] : [tag]
  }

  async confirmEpoch(sessionId: string, epoch: number): Promise<void> {
    await this.durable()
    const row = this.#row(sessionId)
    row.confirmedEpoch = Math.max(row.confirmedEpoch, epoch)
    row.tags = row.tags.filter((tag) => tag.epoch >= row.confirmedEpoch)
  }

  async confirmStored(sessionId: string, seq: number): Promise<void> {
    await this.durable()
    stored(this.#row(sessionId), seq)
  }

  faults(entries: readonly Entry[], { linked }: { linked: boolean }): string[] {
    const creds = entries.find(({ type }) => type === 'creds')
    if (creds === undefined || !linked) return []
    return Buffer.from(creds.value).toString() === 'unpaired' ? ['its creds lack account'] : []
  }

  async inspect(packed: Uint8Array): Promise<Inspection> {
    const entries = await unpackEntries(packed)
    const keys = entries.filter(({ type }) => type !== 'creds').length
    return { keys, faults: this.faults(entries, { linked: true }), doubts: [] }
  }

  isPaired({ entries }: SessionImage): boolean {
    const creds = entries.find(({ type }) => type === 'creds')
    return creds !== undefined && Buffer.from(creds.value).toString() !== 'unpaired'
  }

  async image(sessionId: string): Promise<SessionImage> {
    const { seq, hash, changedAt, entries } = this.#row(sessionId)
    const image = { sessionId, seq, hash, changedAt, entries: [...entries.values()] }
    this.onImage(image)
    return image
  }

  async quarantine(sessionId: string, reason: string): Promise<string> {
    await this.durable()
    const { seq } = this.#row(sessionId)
    this.disk.quarantined.push({ sessionId, seq, reason })
    this.#forget(sessionId)
    return `/state/quarantine/${sessionId}-${this.disk.quarantined.length}`
  }

  async purge(sessionId: string): Promise<void> {
    await this.durable()
    this.#row(sessionId)
    this.#forget(sessionId)
  }

  #forget(sessionId: string): void {
    this.disk.rows.delete(sessionId)
    this.#suspensions.delete(sessionId)
  }

  #row(sessionId: string): Row {
    const row = this.disk.rows.get(sessionId)
    if (row !== undefined) return row
    throw new GatewayError({ code: 'session.unknown', message: `no local state of ${sessionId}` })
  }

  #assertNone(sessionId: string): void {
    if (this.disk.rows.has(sessionId))
      throw new GatewayError({ code: 'session.busy', message: `${sessionId} exists already` })
  }
}

function toLocalSession(sessionId: string, row: Row): LocalSession {
  const { seq, hash, changedAt, tags, storedSeq, confirmedEpoch, paired, entries, journal } = row
  const keys = entries.size - 1
  const backlogBytes = journal.reduce((sum, entry) => sum + entry.record.length, 0)
  const ends = { seq, hash, changedAt, storedSeq, confirmedEpoch }
  return { sessionId, ...ends, tags: [...tags], paired, keys, backlogBytes }
}

/** Notes what the object store confirmed; the journal up to there goes. */
function stored(row: Row, seq: number): void {
  row.storedSeq = Math.max(row.storedSeq, seq)
  row.journal = row.journal.filter((entry) => entry.seq > row.storedSeq)
}

/** A disk as it is now, sharing nothing with the original. */
export function copyDisk(disk: MemoryDisk): MemoryDisk {
  return structuredClone(disk)
}
