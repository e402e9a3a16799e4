interface Lane {
  newest: number
  failing: boolean
  last: Promise<void>
}

type Task = (superseded: () => boolean) => Promise<void>

/**
 * Runs the tasks of one key one after another, in the order given; keys do not wait for each other.
 * A task learns through `superseded` that a newer one of its key waits. After a failure, tasks that
 * are superseded before they begin are left out: only the newest is still worth trying.
 */
export class InOrder {
  readonly #lanes = new Map<string, Lane>()

  async run(key: string, task: Task): Promise<void> {
    const lane = this.#lanes.get(key) ?? { newest: 0, failing: false, last: Promise.resolve() }
    this.#lanes.set(key, lane)
    const ticket = ++lane.newest
    const superseded = () => lane.newest !== ticket
    const run = this.#after(lane, task, superseded)
    // The next task only waits for this one; whoever called run hears of its failure.
    lane.last = run.catch(() => undefined)
    try {
      await run
    } finally {
      if (!superseded()) this.#lanes.delete(key)
    }
  }

  async #after(lane: Lane, task: Task, superseded: () => boolean): Promise<void> {
    await lane.last
    if (lane.failing && superseded()) return
    try {
      await task(superseded)
      lane.failing = false
    } catch (error) {
      lane.failing = true
      throw error
    }
  }
}
