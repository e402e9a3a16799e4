import type { AckMode } from '../../../src/authstate/port.ts'
import { snapshotName } from '../../../src/replica/names.ts'
import { parseOwner, type OwnerRecord } from '../../../src/replica/owner.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import type { MemoryAuthStore } from '../../support/memory-auth-store.ts'

export class Violation extends Error {
  readonly rule: string

  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`)
    this.rule = rule
  }
}

/** What an epoch began with, seen when its claim took effect. */
interface Base {
  epoch: number
  boot: string
  disk: number
  /** Changes, oldest first. */
  state: string[]
  /** How many of them the store had. */
  shipped: number
}

interface Ack {
  id: string
  epoch: number
  disk: number
}

interface History {
  bases: Base[]
  acks: Ack[]
  /** Changes that `ack: local` gives up in a take-over. */
  forfeited: Set<string>
  /** Changes that the store was seen to have, as far as their worker knows. */
  confirmed: Set<string>
  /** The owner record names a snapshot. */
  folded: boolean
}

/** A claim's state when its owner record was sent. */
interface Sent {
  state: string[]
  seq: number
  storedSeq: number
  disk: number
}

/** Who wrote or acknowledged something. */
interface Writer {
  auth: MemoryAuthStore
  /** The disk's identity when the process began. */
  diskId: number
  /** Every boot that it minted. */
  boots: Set<string>
}

/**
 * Watches what the protocol promises, knowing nothing of how it is kept:
 *
 *   a  an acknowledged change is in every later epoch: always with `remote`; with `local` where the
 *      disk was kept, or the change was stored, or the session released
 *   b  nothing is acknowledged after another epoch began without it (`remote`)
 *   c  a later epoch goes on from all that the earlier one had in the store
 *   n  every snapshot that an owner record names is in the store
 */
export class Judge {
  readonly #ack: AckMode
  readonly #histories = new Map<string, History>()
  readonly #sent = new Map<string, Sent>()
  /** By session: the snapshots that its record names. */
  readonly #named = new Map<string, Set<string>>()
  readonly counts = { acks: 0, bases: 0, forfeits: 0 }

  constructor(ack: AckMode) {
    this.#ack = ack
  }

  /** Something was folded, or acknowledged on the word of the store: it must come back. */
  mustBeStored(id: string): boolean {
    const { folded, acks } = this.#of(id)
    return folded || (this.#ack === 'remote' && acks.length > 0)
  }

  finish(): void {
    this.#sent.clear()
  }

  /** A process sends an owner record: its local state is what the epoch will begin with. */
  sent({ auth, diskId }: Writer, name: string, bytes: Uint8Array): void {
    const id = ownerOf(name)
    if (id === undefined) return
    const { writeId } = parseOwner(id, bytes, plainSealer)
    const row = auth.disk.rows.get(id)
    if (this.#sent.has(writeId) || row === undefined) return
    const { seq, storedSeq } = row
    this.#sent.set(writeId, { state: changes(row.entries), seq, storedSeq, disk: diskId })
  }

  stored(
    name: string,
    before: Uint8Array | undefined,
    after: Uint8Array,
    isThere: (name: string) => boolean,
  ): void {
    const id = ownerOf(name)
    if (id === undefined) return
    const next = parseOwner(id, after, plainSealer)
    const named = namesOf(next)
    for (const one of named)
      if (!isThere(one)) throw new Violation('n-missing', `${one} is named but not there`)
    this.#named.set(id, named)
    const previous = before && parseOwner(id, before, plainSealer)
    const rise = next.epoch - (previous?.epoch ?? next.epoch - 1)
    if (rise !== 0 && rise !== 1) throw new Violation('epoch', `${id} rose by ${rise}`)
    if (next.seq < (previous?.seq ?? 0)) throw new Violation('seq', `${id} fell to ${next.seq}`)
    if (rise === 0 && next.boot !== previous?.boot)
      throw new Violation('owner', `${id} changed hands within an epoch`)
    if (next.origin?.epoch !== previous?.origin?.epoch) this.#beginAnew(id, next)
    else if (rise === 1) this.#begin(id, next, previous)
    this.#of(id).folded = next.snapshot !== null
  }

  removed(name: string): void {
    for (const named of this.#named.values())
      if (named.has(name)) throw new Violation('n-removed', `${name} is named and was removed`)
  }

  acknowledged({ auth, diskId, boots }: Writer, id: string, change: string): void {
    const history = this.#of(id)
    const base = history.bases.findLast(({ boot }) => boots.has(boot))
    if (base === undefined) return
    const ack = { id: change, epoch: base.epoch, disk: diskId }
    history.acks.push(ack)
    this.counts.acks++
    const row = auth.disk.rows.get(id)
    if (row !== undefined && row.storedSeq === row.seq) history.confirmed.add(change)
    for (const later of history.bases) {
      if (later.epoch <= ack.epoch || later.state.includes(change)) continue
      if (this.#ack === 'remote')
        throw new Violation('b-zombie-ack', `${id} ${change} of ${ack.epoch} after ${later.epoch}`)
      if (later.disk === ack.disk) throw new Violation('b-same-disk-ack', `${id} ${change}`)
      history.forfeited.add(change)
    }
  }

  /** A pairing, or a way back: what came before is another history. */
  #beginAnew(id: string, next: OwnerRecord): void {
    const history = this.#of(id)
    history.acks = []
    history.bases = []
    const sent = this.#sent.get(next.writeId)
    const { epoch, boot } = next
    history.bases.push({ epoch, boot, disk: sent?.disk ?? 0, state: [], shipped: 0 })
  }

  #begin(id: string, next: OwnerRecord, previous: OwnerRecord | undefined): void {
    const history = this.#of(id)
    const sent = this.#sent.get(next.writeId)
    if (sent === undefined) return
    const { state, disk } = sent
    const { epoch, boot } = next
    // A record that was taken to go back in time under it is no state that a session runs on.
    for (const base of history.bases)
      for (let i = 0; i < base.shipped; i++)
        if (base.epoch < epoch && state[i] !== base.state[i])
          throw new Violation('c-prefix', `${id} epoch ${epoch} does not extend ${base.epoch}`)
    for (const ack of history.acks) {
      if (ack.epoch >= epoch || state.includes(ack.id) || history.forfeited.has(ack.id)) continue
      const what = `${id} ${ack.id}, acknowledged in epoch ${ack.epoch}, is not in ${epoch}`
      if (this.#ack === 'remote') throw new Violation('a-lost', what)
      if (ack.disk === disk) throw new Violation('a-lost-disk', what)
      if (previous?.released === true) throw new Violation('a-lost-released', what)
      if (history.confirmed.has(ack.id)) throw new Violation('a-lost-stored', what)
      history.forfeited.add(ack.id)
      this.counts.forfeits++
    }
    const shipped = Math.max(0, state.length - (sent.seq - sent.storedSeq))
    history.bases.push({ epoch, boot, disk, state, shipped })
    this.counts.bases++
  }

  #of(id: string): History {
    const known = this.#histories.get(id)
    if (known !== undefined) return known
    const fresh = {
      bases: [],
      acks: [],
      forfeited: new Set<string>(),
      confirmed: new Set<string>(),
    }
    const history: History = { ...fresh, folded: false }
    this.#histories.set(id, history)
    return history
  }
}

function namesOf({ session, snapshot, kept }: OwnerRecord): Set<string> {
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  return new Set(refs.map(({ epoch, seq }) => snapshotName(session, epoch, seq)))
}

function ownerOf(name: string): string | undefined {
  return /^v1\/sessions\/([^/]+)\/owner$/.exec(name)?.[1]
}

function changes(entries: ReadonlyMap<string, { type: string; id: string }>): string[] {
  const writes = [...entries.values()].filter(({ type }) => type === 'session')
  return writes.map(({ id }) => id)
}
