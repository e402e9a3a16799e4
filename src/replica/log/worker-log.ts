import type { ReplicaContext, SharedLog } from '../context.ts'
import { noteBase } from '../fold.ts'
import type { BootId } from '../names.ts'
import type { ClaimOutcome } from '../port.ts'
import type { FencedReport, ShipLag } from './port.ts'
import { FencedWorker } from './fenced.ts'
import { Fencing } from './fencing.ts'
import type { ShipTiming } from './ship-timing.ts'
import { Shipper } from './shipper.ts'
import { SlotReader } from './slots.ts'

/** What the log asks of those who own it. */
export interface LogHooks {
  /** Claims a session again without touching its local state. */
  reclaim(sessionId: string): Promise<ClaimOutcome>
  /** Nothing else is done to the session meanwhile. */
  exclusively<T>(sessionId: string, work: () => Promise<T>): Promise<T>
  onLost(sessionId: string): Promise<void>
  onFenced(report: FencedReport): void
}

/** This process' own log and the logs of others: wires what the folder has. */
export class WorkerLog implements SharedLog {
  readonly slots: SlotReader
  readonly #fencing: Fencing
  readonly #shipper: Shipper
  readonly #fenced: FencedWorker

  constructor(base: Omit<ReplicaContext, 'log'>, timing: ShipTiming, hooks: LogHooks) {
    this.slots = new SlotReader(base.store, base.sealer)
    this.#fencing = new Fencing({ ...base, slots: this.slots })
    this.#shipper = new Shipper(
      {
        ...base,
        noteBase: (sessionId, held) => noteBase(base, sessionId, held),
        onFenced: (boot, slot, isFence) => this.#end(boot, slot, isFence),
      },
      timing,
    )
    this.#fenced = new FencedWorker({
      context: base,
      restart: (boot) => this.#shipper.restart(boot),
      reclaim: (sessionId) => hooks.reclaim(sessionId),
      exclusively: (sessionId, work) => hooks.exclusively(sessionId, work),
      onLost: (sessionId) => hooks.onLost(sessionId),
      onSettled: (report) => hooks.onFenced(report),
    })
  }

  /** From the next bundle on. */
  change(timing: ShipTiming): void {
    this.#shipper.change(timing)
  }

  get position(): { boot: string; slot: number } {
    return this.#shipper.position
  }

  ready(): Promise<void> {
    return this.#fenced.ready()
  }

  clear(sessionId: string): Promise<void> {
    return this.#shipper.clear(sessionId)
  }

  fence(boot: BootId, from: number): Promise<number> {
    return this.#fencing.end(boot, from)
  }

  fenceBehind(boot: BootId, from: number): Promise<number> {
    return this.#fencing.endBehind(boot, from)
  }

  admit(sessionId: string): void {
    this.#shipper.admit(sessionId)
  }

  dismiss(sessionId: string, error: unknown): void {
    this.#shipper.dismiss(sessionId, error)
  }

  shipped(sessionId: string, signal?: AbortSignal): Promise<void> {
    return this.#shipper.shipped(sessionId, { impatient: true, signal })
  }

  settled(sessionId: string): void {
    this.#shipper.settled(sessionId)
  }

  /** However long it takes. */
  async ship(sessionIds: Iterable<string>, signal: AbortSignal | undefined): Promise<void> {
    await Promise.all(Array.from(sessionIds, (id) => this.#shipper.shipped(id, { signal })))
  }

  lag(): ShipLag {
    return this.#shipper.lag()
  }

  /** Looks whether this boot was fenced while it had nothing to write. */
  probe(): Promise<void> {
    return this.#shipper.probe()
  }

  /** The store is back: what waits for it need not wait for its next attempt. */
  retry(): void {
    this.#shipper.retry()
  }

  /** The session is put away: after a fence it is not claimed again. */
  forgo(sessionId: string): void {
    this.#fenced.forgo(sessionId)
  }

  async stop(): Promise<void> {
    await this.#fenced.stop()
    await this.#shipper.stop()
  }

  #end(boot: BootId, slot: number, isFence: boolean): void {
    if (isFence) this.#fencing.note(boot, slot)
    this.#fenced.begin(boot)
  }
}
