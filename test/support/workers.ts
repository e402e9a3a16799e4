import type { AckMode } from '../../src/authstate/port.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import type { ReplicaOptions } from '../../src/replica/options.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { MemoryAuthStore, newDisk, type MemoryDisk } from './memory-auth-store.ts'
import { VirtualClock } from './virtual-clock.ts'

/** One worker process: its disk, its local state and its replica. */
export class TestWorker {
  readonly name: string
  readonly disk: MemoryDisk
  readonly auth: MemoryAuthStore
  readonly replica: StoreReplica
  readonly clock: VirtualClock
  readonly lost: string[] = []

  constructor(
    store: ObjectStore,
    options: { name?: string; disk?: MemoryDisk; clock?: VirtualClock; ack?: AckMode } & Pick<
      ReplicaOptions,
      'silenceTiming' | 'swapTiming' | 'sealer' | 'pointInTimeHours' | 'retention'
    > = {},
  ) {
    const { name = 'w1', disk = newDisk(), clock = new VirtualClock(), ack, ...timing } = options
    this.name = name
    this.disk = disk
    this.clock = clock
    this.auth = new MemoryAuthStore(disk, ack)
    this.auth.now = () => clock.wall()
    this.replica = new StoreReplica({ store, auth: this.auth, worker: name, clock, ...timing })
    this.replica.onLost((id) => this.lost.push(id))
  }

  /** Pairs `id` as the gateway does: state first, then the claim, then the first fold. */
  async pair(id: string): Promise<void> {
    const owner = await this.replica.owner(id)
    await this.auth.create(id, owner && { seq: owner.seq, hash: owner.hash })
    const outcome = await this.replica.claim({ sessionId: id, assigned: true, create: true })
    if (outcome.kind !== 'claimed') throw new Error(outcome.detail)
    this.auth.change(id, 'creds', '', 'paired')
    await this.replica.fold(id, 'paired')
  }

  write(id: string, ...texts: string[]): void {
    for (const text of texts) this.auth.change(id, 'session', text, text)
  }

  /** The ids of what was written to the local state of `id`, in order. */
  content(id: string): string[] {
    const row = this.disk.rows.get(id)
    return [...(row?.entries.values() ?? [])]
      .filter((entry) => entry.type === 'session')
      .map((entry) => entry.id)
  }
}
