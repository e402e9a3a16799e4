import assert from 'node:assert/strict'
import type { AckMode } from '../../../src/authstate/port.ts'
import { StoreReplica } from '../../../src/replica/replica.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import {
  copyDisk,
  MemoryAuthStore,
  newDisk,
  type MemoryDisk,
} from '../../support/memory-auth-store.ts'
import { Schedule } from '../../support/schedule.ts'
import { settle } from '../../support/virtual-clock.ts'
import { Acts, noCounts } from './acts.ts'
import { Judge, Violation } from './judge.ts'
import type { Disk, Host, Open, Process } from './process.ts'

/** Errors that a schedule may bring about; any other is a fault of the replica. */
const EXPECTED =
  /^(store\.|replica\.fenced|replica\.owned-elsewhere|replica\.missing|session\.|interrupted)/
const IMPATIENT = { deadline: 100, firstPause: 20, longestPause: 40 }
const QUICK = { own: 50, other: 100, poll: 50 }

export interface WorldOptions {
  seed: number
  ack: AckMode
  steps?: number
}

/**
 * Workers over one scheduled store, in which every write, read, fsync and timer happens when the
 * schedule picks it: late, twice, without a reply, after a stall, a kill, a wiped or rolled back
 * disk. The real replica runs; the judge watches from outside.
 */
export class ProtocolWorld {
  readonly schedule: Schedule
  readonly judge: Judge
  readonly counts = noCounts()
  readonly #acts: Acts
  readonly #hosts: Host[]
  readonly #sessions = ['s0', 's1']
  readonly #ack: AckMode
  #disks = 0
  #failure: unknown

  constructor({ seed, ack }: WorldOptions) {
    this.schedule = new Schedule(seed)
    this.#ack = ack
    this.judge = new Judge(ack)
    this.#acts = new Acts(this.schedule, this.judge, this.counts)
    const names = seed % 4 === 0 ? ['w0', 'w0', 'w1'] : ['w0', 'w1', 'w2']
    this.#hosts = names.map((name) => this.#newHost(name))
    this.schedule.onSent = (process, name, bytes) =>
      this.judge.sent(process as Process, name, bytes)
    this.schedule.server.onStored = (name, before, after) =>
      this.#guard(() => {
        this.judge.stored(name, before, after, (one) => this.schedule.server.objects.has(one))
      })
    this.schedule.server.onRemoved = (name) => this.#guard(() => this.judge.removed(name))
  }

  async run(steps: number): Promise<void> {
    for (const host of this.#hosts) this.#start(host)
    await this.#begin()
    for (let i = 0; i < steps; i++) {
      this.#step()
      await this.#tick()
    }
    await this.#end()
  }

  /** Every session paired on the first host, before anything can go wrong. */
  async #begin(): Promise<void> {
    const { schedule } = this
    const [host] = this.#hosts
    const process = host?.process
    assert.ok(process !== undefined)
    schedule.faults = false
    await this.#until(Promise.all(this.#sessions.map((id) => this.#acts.pair(process, id))))
    schedule.faults = true
  }

  async #tick(): Promise<void> {
    await settle()
    for (const { process } of this.#hosts) if (process !== undefined) this.#acknowledge(process)
    if (this.#failure !== undefined) throw this.#failure
  }

  #step(): void {
    const luck = this.schedule.random()
    if (luck < 0.68) this.schedule.deliver()
    else if (luck < 0.71) this.schedule.landLate()
    else if (luck < 0.95) this.#work()
    else this.#fault()
  }

  #work(): void {
    const process = this.#pick(this.#hosts).process
    const id = this.#pick(this.#sessions)
    const luck = this.schedule.random()
    if (process === undefined || this.schedule.stalled.has(process)) return
    const open = process.open.get(id)
    if (luck < 0.05) return this.#spawn(process, 'gc', () => this.#acts.collect(process))
    if (luck < 0.11) return this.#spawn(process, 'prune', () => this.#acts.prune(process))
    if (open !== undefined && !open.sealed && luck < 0.55)
      return this.#acts.write(process, id, open)
    if (process.busy.has(id)) return
    if (open === undefined) {
      if (luck < 0.4) this.#spawn(process, id, () => this.#acts.open(process, id))
      else if (luck < 0.42) this.#spawn(process, id, () => this.#acts.goBack(process, id))
    } else if (luck < 0.68) this.#spawn(process, id, () => this.#acts.fold(process, id))
    else if (luck < 0.75) this.#spawn(process, id, () => this.#acts.tidy(process, id))
    else if (luck < 0.85) this.#spawn(process, id, () => this.#acts.release(process, id, open))
  }

  #fault(): void {
    const host = this.#pick(this.#hosts)
    const { process } = host
    const luck = this.schedule.random()
    if (process === undefined) {
      if (luck < 0.8) this.#start(host)
      return
    }
    if (this.schedule.stalled.has(process)) {
      if (luck < 0.5) this.schedule.stalled.delete(process)
      return
    }
    if (luck < 0.35) this.schedule.stalled.add(process)
    else if (luck < 0.65) {
      this.#kill(host)
      const wiped = this.schedule.random() < 0.35
      if (wiped) host.disk = this.#newDisk(newDisk())
      else if (host.saved !== undefined && this.schedule.random() < 0.5)
        host.disk = this.#newDisk(copyDisk(host.saved))
    } else if (luck > 0.8) host.saved = copyDisk(host.disk.disk)
  }

  #start(host: Host): Process {
    const { schedule } = this
    const boots = new Set<string>()
    const random = (): string => {
      const parts = Array.from({ length: 4 }, () => schedule.below(2 ** 32))
      const boot = parts.map((part) => part.toString(16).padStart(8, '0')).join('')
      boots.add(boot)
      return boot
    }
    const auth = new MemoryAuthStore(host.disk.disk, this.#ack, random)
    const open = new Map<string, Open>()
    const busy = new Set<string>()
    const key = { host, diskId: host.disk.id, boots, auth, open, busy }
    const process: Process = Object.assign(key, {
      replica: new StoreReplica({
        store: schedule.client(key),
        auth,
        worker: host.name,
        clock: schedule.clock(key),
        silenceTiming: QUICK,
        swapTiming: IMPATIENT,
        shipWindowMs: 20,
        pointInTimeHours: 0,
      }),
    })
    auth.durable = () => schedule.local(process)
    process.replica.onLost((id) => process.open.delete(id))
    process.replica.onFenced(() => this.counts.fenced++)
    host.process = process
    return process
  }

  #kill(host: Host): void {
    if (host.process !== undefined) this.schedule.end(host.process)
    host.process = undefined
  }

  #spawn(process: Process, key: string, work: () => Promise<void>): void {
    if (process.busy.has(key)) return
    process.busy.add(key)
    work()
      .catch((error: unknown) => {
        if (!(error instanceof GatewayError) || !EXPECTED.test(error.code)) this.#failure ??= error
      })
      .finally(() => process.busy.delete(key))
  }

  /** What may be acknowledged is, a moment later: a kill or a stall may come between. */
  #acknowledge(process: Process): void {
    for (const [id, open] of process.open) {
      if (open.acking || ackable(process, id) <= open.acked) continue
      open.acking = true
      void this.#acknowledgeLater(process, id, open)
    }
  }

  async #acknowledgeLater(process: Process, id: string, open: Open): Promise<void> {
    await this.schedule.local(process)
    open.acking = false
    if (process.open.get(id) === open) this.#guard(() => this.#ackNow(process, id, open))
  }

  #ackNow(process: Process, id: string, open: Open): void {
    const upTo = ackable(process, id)
    for (const { id: change, seq } of open.writes)
      if (seq > open.acked && seq <= upTo) this.judge.acknowledged(process, id, change)
    open.acked = Math.max(open.acked, upTo)
  }

  /** Faults end; what is late arrives; then a fresh worker can take every session over. */
  async #end(): Promise<void> {
    const { schedule } = this
    schedule.faults = false
    schedule.stalled.clear()
    while (schedule.lateWrites > 0) schedule.landLate()
    for (const host of this.#hosts) if (host.process === undefined) this.#start(host)
    await this.#quiet()
    const host = this.#newHost('z')
    this.#hosts.push(host)
    const process = this.#start(host)
    for (const id of this.#sessions) {
      const request = { sessionId: id, assigned: true, takeOver: true }
      const outcome = await this.#until(this.#acts.claim(process, request))
      if (outcome.kind !== 'claimed' && this.judge.mustBeStored(id))
        throw new Violation('e-progress', `${id}: ${outcome.detail}`)
    }
    await this.#quiet()
    this.judge.finish()
  }

  /** Until nothing is under way any more. */
  async #quiet(): Promise<void> {
    for (let i = 0; i < 5_000; i++) {
      if (!this.schedule.deliver()) return
      await this.#tick()
    }
    throw new Violation('e-progress', 'something goes on and on')
  }

  async #until<T>(promise: Promise<T>): Promise<T> {
    const ended: true[] = []
    const end = (): void => void ended.push(true)
    promise.then(end, end)
    for (let i = 0; i < 2_000 && ended.length === 0; i++) {
      this.schedule.deliver()
      await this.#tick()
    }
    if (ended.length === 0) throw new Violation('e-progress', 'an operation does not end')
    return promise
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#failure ??= error
    }
  }

  #newHost(name: string): Host {
    return { name, disk: this.#newDisk(newDisk()), saved: undefined, process: undefined }
  }

  #newDisk(disk: MemoryDisk): Disk {
    return { disk, id: ++this.#disks }
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[this.schedule.below(list.length)]
    assert.ok(found !== undefined)
    return found
  }
}

function ackable({ auth }: Process, id: string): number {
  return auth.find(id) === undefined ? 0 : auth.ackSeq(id)
}
