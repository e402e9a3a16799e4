import { createHash, randomBytes } from 'node:crypto'
import type { BaseTag, Entry, LocalSession, SessionImage } from '../../src/authstate/port.ts'
import type { LocalState } from '../../src/replica/context.ts'
import { GatewayError } from '../../src/session/errors.ts'

interface Row {
  seq: number
  hash: string
  tags: BaseTag[]
  storedSeq: number
  confirmedEpoch: number
  paired: boolean
  entries: Map<string, Entry>
  /** Chain hashes that a journal would still know, by seq. */
  hashes: Map<number, string>
}

const GENESIS = '0'.repeat(64)

/** What survives a process: copy it to take a disk's image, put a new one in to wipe it. */
export interface MemoryDisk {
  boots: Set<string>
  rows: Map<string, Row>
  quarantined: { sessionId: string; seq: number; reason: string }[]
}

export function newDisk(): MemoryDisk {
  return { boots: new Set(), rows: new Map(), quarantined: [] }
}

/**
 * The local state of sessions in memory, as the replica needs it. `durable` stands before each
 * change takes effect, so that a test can end a process between two of them.
 */
export class MemoryAuthStore implements LocalState {
  readonly disk: MemoryDisk
  boot = ''
  durable: () => Promise<void> = async () => undefined
  onImage: (image: SessionImage) => void = () => undefined
  onInstall: (image: SessionImage) => void = () => undefined

  constructor(disk: MemoryDisk = newDisk()) {
    this.disk = disk
    this.mintBoot()
  }

  mintBoot(): void {
    this.boot = randomBytes(16).toString('hex')
    this.disk.boots.add(this.boot)
  }

  isMine(boot: string): boolean {
    return this.disk.boots.has(boot)
  }

  find(sessionId: string): LocalSession | undefined {
    const row = this.disk.rows.get(sessionId)
    if (row === undefined) return undefined
    const { seq, hash, tags, storedSeq, confirmedEpoch, paired, entries } = row
    const keys = entries.size - 1
    return { sessionId, seq, hash, tags: [...tags], storedSeq, confirmedEpoch, paired, keys }
  }

  hashAt(sessionId: string, seq: number): string | undefined {
    return this.disk.rows.get(sessionId)?.hashes.get(seq)
  }

  /** Begins an unpaired state: its creds are the first change. */
  async create(sessionId: string, base = { seq: 0, hash: GENESIS }): Promise<void> {
    this.#assertNone(sessionId)
    await this.durable()
    this.disk.rows.set(sessionId, {
      ...base,
      tags: [],
      storedSeq: base.seq,
      confirmedEpoch: 0,
      paired: false,
      entries: new Map(),
      hashes: new Map([[base.seq, base.hash]]),
    })
    this.change(sessionId, 'creds', '', 'unpaired')
  }

  /** One change, durable at once. */
  change(sessionId: string, type: string, id: string, text: string): void {
    const row = this.#row(sessionId)
    row.seq++
    row.hash = createHash('sha256')
      .update(JSON.stringify([row.hash, row.seq, type, id, text]))
      .digest('hex')
    row.hashes.set(row.seq, row.hash)
    row.entries.set(`${type}/${id}`, { type, id, value: Buffer.from(text) })
    if (type === 'creds') row.paired = text !== 'unpaired'
  }

  async install(image: SessionImage, tag: BaseTag): Promise<void> {
    this.#assertNone(image.sessionId)
    this.onInstall(image)
    await this.durable()
    const { seq, hash, sessionId } = image
    const entries = new Map(image.entries.map((entry) => [`${entry.type}/${entry.id}`, entry]))
    const creds = entries.get('creds/')
    const paired = creds !== undefined && Buffer.from(creds.value).toString() !== 'unpaired'
    const hashes = new Map([[seq, hash]])
    const fresh = { tags: [tag], storedSeq: seq, confirmedEpoch: 0 }
    this.disk.rows.set(sessionId, { seq, hash, ...fresh, paired, entries, hashes })
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

  /** Forgets, as a journal would, every hash before the one at `seq`. */
  async confirmStored(sessionId: string, seq: number): Promise<void> {
    await this.durable()
    const row = this.#row(sessionId)
    row.storedSeq = Math.max(row.storedSeq, seq)
    for (const known of row.hashes.keys()) if (known < seq) row.hashes.delete(known)
  }

  async image(sessionId: string): Promise<SessionImage> {
    const { seq, hash, entries } = this.#row(sessionId)
    const image = { sessionId, seq, hash, entries: [...entries.values()] }
    this.onImage(image)
    return image
  }

  async quarantine(sessionId: string, reason: string): Promise<string> {
    await this.durable()
    const { seq } = this.#row(sessionId)
    this.disk.quarantined.push({ sessionId, seq, reason })
    this.disk.rows.delete(sessionId)
    return `/state/quarantine/${sessionId}-${this.disk.quarantined.length}`
  }

  async purge(sessionId: string): Promise<void> {
    await this.durable()
    this.#row(sessionId)
    this.disk.rows.delete(sessionId)
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

/** A disk as it is now, sharing nothing with the original. */
export function copyDisk(disk: MemoryDisk): MemoryDisk {
  return structuredClone(disk)
}
