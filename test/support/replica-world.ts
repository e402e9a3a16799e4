import assert from 'node:assert/strict'
import type { SessionImage } from '../../src/authstate/port.ts'
import { parseOwner, type OwnerRecord } from '../../src/replica/owner.ts'
import type { ClaimOutcome, ClaimRequest } from '../../src/replica/port.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import { plainSealer } from '../../src/replica/sealer.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { copyDisk, MemoryAuthStore, newDisk, type MemoryDisk } from './memory-auth-store.ts'
import { Schedule } from './schedule.ts'
import { settle } from './virtual-clock.ts'

/** Errors that a schedule may bring about; any other is a fault of the replica. */
const EXPECTED = /^(store\.|replica\.fenced|replica\.owned-elsewhere|replica\.missing|session\.)/

interface Disk {
  disk: MemoryDisk
  /** Changes when the disk is wiped or rolled back. */
  id: number
}

interface Host {
  name: string
  disk: Disk
  saved: MemoryDisk | undefined
  process: Process | undefined
}

interface Process {
  host: Host
  auth: MemoryAuthStore
  replica: StoreReplica
  /** Sessions that would have an open socket, with the epoch they were claimed in. */
  live: Map<string, number>
  /** Sessions with an operation under way. */
  busy: Set<string>
}

/** What is known of an epoch, from the outside. */
interface Epoch {
  boot: string
  disk: number
  writes: string[]
}

/**
 * Workers with disks of their own over one scheduled store, doing what the gateway does with
 * sessions at random times, while everything that can be lost, late or repeated is. It watches from
 * the outside that no rule of the protocol is broken.
 */
export class ReplicaWorld {
  readonly schedule: Schedule
  readonly counts = { claims: 0, warm: 0, cold: 0, new: 0, refused: 0, folds: 0, releases: 0 }
  readonly #hosts: Host[]
  readonly #sessions: string[]
  readonly #epochs = new Map<string, Epoch>()
  /** The record that each epoch's claim replaced. */
  readonly #replaced = new Map<string, OwnerRecord>()
  /** Content of every state that was ever handed out for storing, by chain hash. */
  readonly #folded = new Map<string, string>()
  #nextDisk = 0
  #nextWrite = 0
  #failure: unknown

  constructor(
    seed: number,
    { hosts = 2 + (seed % 2), sessions = 1 + (seed % 3 === 0 ? 1 : 0) } = {},
  ) {
    this.schedule = new Schedule(seed)
    this.#sessions = Array.from({ length: sessions }, (_, i) => `s${i}`)
    this.#hosts = Array.from({ length: hosts }, (_, i) => this.#newHost(`w${i}`))
    this.schedule.server.onStored = (name, before, after) => this.#onStored(name, before, after)
  }

  async run(steps: number): Promise<void> {
    for (const host of this.#hosts) this.#start(host)
    for (let i = 0; i < steps; i++) {
      this.#step()
      await settle()
      if (this.#failure !== undefined) throw this.#failure
    }
    await this.#settleDown()
  }

  #step(): void {
    const luck = this.schedule.random()
    if (luck < 0.62) this.schedule.deliver()
    else if (luck < 0.65) this.schedule.landLate()
    else if (luck < 0.96) this.#work()
    else this.#fault()
  }

  #work(): void {
    const process = this.#pick(this.#hosts).process
    const id = this.#pick(this.#sessions)
    const luck = this.schedule.random()
    if (process === undefined || this.schedule.stalled.has(process)) return
    const live = process.live.has(id)
    if (live && luck < 0.5) return this.#write(process, id)
    if (process.busy.has(id)) return
    if (!live && luck < 0.55) return this.#spawn(process, id, () => this.#open(process, id))
    if (live && luck < 0.8) return this.#spawn(process, id, () => this.#fold(process, id))
    if (live && luck < 0.9) return this.#spawn(process, id, () => this.#release(process, id))
    if (!live && luck < 0.58) this.#spawn(process, id, () => this.#goBack(process, id))
  }

  #fault(): void {
    const host = this.#pick(this.#hosts)
    const { process } = host
    const luck = this.schedule.random()
    if (process === undefined) return this.#start(host)
    if (this.schedule.stalled.delete(process)) return
    if (luck < 0.35) this.schedule.stalled.add(process)
    else if (luck < 0.7) {
      this.#kill(host)
      const wiped = this.schedule.random() < 0.35
      if (wiped) host.disk = this.#newDisk(newDisk())
      else if (host.saved !== undefined && this.schedule.random() < 0.5)
        host.disk = this.#newDisk(copyDisk(host.saved))
    } else if (luck > 0.85) host.saved = copyDisk(host.disk.disk)
  }

  #start(host: Host): void {
    const auth = new MemoryAuthStore(host.disk.disk)
    const live = new Map<string, number>()
    const key = { host: host.name }
    const replica = new StoreReplica({
      store: this.schedule.client(key),
      auth,
      worker: host.name,
      clock: this.schedule.clock(key),
    })
    const process: Process = Object.assign(key, {
      host,
      auth,
      replica,
      live,
      busy: new Set<string>(),
    })
    auth.durable = () => this.schedule.local(key)
    auth.onImage = (image) => this.#folded.set(image.hash, contentOf(image))
    auth.onInstall = (image) => this.#installed(image)
    replica.onLost((id) => live.delete(id))
    host.process = process
  }

  #kill(host: Host): void {
    if (host.process !== undefined) this.schedule.end(host.process)
    host.process = undefined
  }

  /** Runs an operation of a process; errors that the schedule may cause end it, others the test. */
  #spawn(process: Process, id: string, work: () => Promise<void>): void {
    process.busy.add(id)
    work()
      .catch((error: unknown) => {
        if (!(error instanceof GatewayError) || !EXPECTED.test(error.code)) this.#failure ??= error
      })
      .finally(() => process.busy.delete(id))
  }

  #write(process: Process, id: string): void {
    const epoch = process.live.get(id) ?? 0
    const text = `c${++this.#nextWrite}`
    process.auth.change(id, 'session', text, text)
    this.#epochs.get(`${id}/${epoch}`)?.writes.push(text)
  }

  async #open(process: Process, id: string): Promise<void> {
    if (this.schedule.random() < 0.05) return this.#pair(process, id)
    const outcome = await this.#claim(process, {
      sessionId: id,
      assigned: this.schedule.random() < 0.9,
      takeOver: this.schedule.random() < 0.1,
    })
    if (outcome.kind === 'claimed') process.live.set(id, outcome.epoch)
    else if (outcome.cause === 'no-state') await this.#pair(process, id)
  }

  /** In either order: fresh state and then the claim, or the claim and then the state. */
  async #pair(process: Process, id: string): Promise<void> {
    const { auth, replica } = process
    const stateFirst = this.schedule.random() < 0.6
    const local = auth.find(id)
    if (local?.paired === true) return
    if (local !== undefined) await auth.purge(id)
    if (stateFirst) {
      const owner = await replica.owner(id)
      await auth.create(id, owner && { seq: owner.seq, hash: owner.hash })
    }
    const outcome = await this.#claim(process, { sessionId: id, assigned: true, create: true })
    if (outcome.kind !== 'claimed') return
    if (outcome.route === 'new') {
      const stored = this.#replaced.get(`${id}/${outcome.epoch}`)?.snapshot
      assert.ok(stateFirst || !stored, `${id} was paired over a stored state`)
      if (!stateFirst) await auth.create(id, outcome.base)
      auth.change(id, 'creds', '', `paired ${++this.#nextWrite}`)
    }
    process.live.set(id, outcome.epoch)
    if (this.schedule.random() < 0.8) await this.#fold(process, id)
  }

  async #claim(process: Process, request: ClaimRequest): Promise<ClaimOutcome> {
    const outcome = await process.replica.claim(request)
    if (outcome.kind === 'claimed') this.#claimed(process, request.sessionId, outcome)
    else {
      this.counts.refused++
      assert.notEqual(outcome.cause, 'damaged', outcome.detail)
    }
    return outcome
  }

  async #fold(process: Process, id: string): Promise<void> {
    await process.replica.fold(id, 'interval')
    this.counts.folds++
  }

  async #release(process: Process, id: string): Promise<void> {
    process.live.delete(id)
    await process.replica.release(id, { store: this.schedule.random() < 0.7 })
    this.counts.releases++
  }

  async #goBack(process: Process, id: string): Promise<void> {
    const backups = await process.replica.backups(id)
    const backup = backups[this.schedule.below(backups.length)]
    if (backup !== undefined) await process.replica.restore(id, backup.id)
  }

  #claimed(
    process: Process,
    id: string,
    outcome: Extract<ClaimOutcome, { kind: 'claimed' }>,
  ): void {
    const { auth, host } = process
    const { epoch, route } = outcome
    const key = `${id}/${epoch}`
    this.counts.claims++
    if (route !== 'none') this.counts[route]++
    const earlier = this.#epochs.get(key)
    assert.ok(earlier === undefined || earlier.boot === auth.boot, `two owners of ${key}`)
    const before = this.#replaced.get(key)
    const local = auth.find(id)
    if (route !== 'new') {
      assert.equal(local?.paired, true, `${key} went live without a linked device`)
      this.#complete(process, id, key, before)
    }
    if (earlier === undefined)
      this.#epochs.set(key, { boot: auth.boot, disk: host.disk.id, writes: [] })
  }

  /** The claimed state holds what the store held, and what a disk or a release answers for. */
  #complete(process: Process, id: string, key: string, before: OwnerRecord | undefined): void {
    if (before === undefined) return
    const { auth, host } = process
    const row = host.disk.disk.rows.get(id)
    assert.ok(row !== undefined)
    const content = contentOf({ entries: [...row.entries.values()] })
    const seq = auth.find(id)?.seq ?? 0
    assert.ok(seq >= before.seq, `${key} begins at ${seq}, the record ended at ${before.seq}`)
    if (before.snapshot !== null) {
      const stored = this.#folded.get(before.snapshot.hash)
      if (stored !== undefined)
        assert.ok(content.startsWith(stored), `${key} lacks what was stored: ${content}`)
    }
    const last = this.#epochs.get(`${id}/${before.epoch}`)
    if (last === undefined || last.boot !== before.boot) return
    if (!before.released && last.disk !== host.disk.id) return
    for (const write of last.writes)
      assert.ok(content.split(' ').includes(write), `${key} lost ${write} of the epoch before`)
  }

  #installed(image: SessionImage): void {
    const content = contentOf(image)
    const known = [...this.#folded.values()].includes(content)
    assert.ok(known, `a state was installed that nobody stored: ${content}`)
  }

  #onStored(name: string, before: Uint8Array | undefined, after: Uint8Array): void {
    const id = /^v1\/sessions\/([^/]+)\/owner$/.exec(name)?.[1]
    if (id === undefined) return
    const next = parseOwner(id, after, plainSealer)
    const previous = before && parseOwner(id, before, plainSealer)
    const rise = next.epoch - (previous?.epoch ?? next.epoch)
    this.#check(rise === 0 || rise === 1, `the epoch of ${id} rose by ${rise}`)
    this.#check(next.seq >= (previous?.seq ?? 0), `the seq of ${id} fell to ${next.seq}`)
    if (previous === undefined) return
    if (rise === 1) this.#replaced.set(`${id}/${next.epoch}`, previous)
    else this.#check(next.boot === previous.boot, `${id} changed hands within an epoch`)
  }

  #check(condition: boolean, message: string): void {
    if (!condition) this.#failure ??= new Error(message)
  }

  /** Faults end; what is late arrives; a fresh worker can then take every session or is told why. */
  async #settleDown(): Promise<void> {
    const { schedule } = this
    schedule.faults = false
    schedule.stalled.clear()
    while (schedule.lateWrites > 0) schedule.landLate()
    for (const host of this.#hosts) this.#kill(host)
    const host = this.#newHost('z')
    this.#start(host)
    const { process } = host
    assert.ok(process !== undefined)
    for (const id of this.#sessions) {
      const object = schedule.server.objects.get(`v1/sessions/${id}/owner`)
      const record = object && parseOwner(id, object.bytes, plainSealer)
      const claiming = this.#claim(process, { sessionId: id, assigned: true, takeOver: true })
      const outcome = await this.#until(claiming)
      const behind = record?.snapshot && record.snapshot.seq < record.seq
      if (!record?.snapshot) assert.equal(outcome.kind === 'refused' && outcome.cause, 'no-state')
      else if (behind) assert.equal(outcome.kind === 'refused' && outcome.cause, 'stale')
      else assert.equal(outcome.kind, 'claimed')
    }
  }

  async #until<T>(promise: Promise<T>): Promise<T> {
    const ended: true[] = []
    const end = (): void => void ended.push(true)
    promise.then(end, end)
    for (let i = 0; i < 1_000 && ended.length === 0; i++) {
      this.schedule.deliver()
      await settle()
    }
    assert.ok(ended.length > 0, 'an operation without faults does not end')
    return promise
  }

  #newHost(name: string): Host {
    return { name, disk: this.#newDisk(newDisk()), saved: undefined, process: undefined }
  }

  #newDisk(disk: MemoryDisk): Disk {
    return { disk, id: ++this.#nextDisk }
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[this.schedule.below(list.length)]
    assert.ok(found !== undefined)
    return found
  }
}

/** Which identity it is, and the changes in order: what makes two states the same. */
function contentOf({ entries }: Pick<SessionImage, 'entries'>): string {
  const text = (value: Uint8Array): string => Buffer.from(value).toString().replaceAll(' ', '-')
  const creds = entries.filter(({ type }) => type === 'creds').map(({ value }) => text(value))
  const writes = entries.filter(({ type }) => type === 'session').map(({ id }) => id)
  return [...creds, ...writes].join(' ') + ' '
}
