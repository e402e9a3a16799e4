/** Items handed out in one turn of the event loop: each wakes who waited for it. */
const SLICE = 64

interface Delivery<T> {
  items: T[]
  /** Called after the last of them. */
  done: () => void
}

/**
 * Hands lists out in their order, a slice a turn of the event loop, so that a commit on which
 * hundreds of sessions waited does not hold the loop up. A short list that nothing is before is
 * handed out at once.
 */
export class Deliveries<T> {
  readonly #deliver: (items: T[]) => void
  #waiting: Delivery<T>[] = []
  #scheduled = false

  constructor(deliver: (items: T[]) => void) {
    this.#deliver = deliver
  }

  add(items: T[], done: () => void): void {
    this.#waiting.push({ items, done })
    if (!this.#scheduled) this.#turn()
  }

  /** Hands out all there is, now. */
  flush(): void {
    while (this.#waiting.length > 0) this.#slice()
  }

  #turn(): void {
    this.#scheduled = false
    this.#slice()
    if (this.#waiting.length === 0) return
    this.#scheduled = true
    setImmediate(() => this.#turn())
  }

  #slice(): void {
    const [first] = this.#waiting
    if (first === undefined) return
    const items = first.items.splice(0, SLICE)
    const last = first.items.length === 0
    if (last) this.#waiting.shift()
    if (items.length > 0) this.#deliver(items)
    if (last) first.done()
  }
}
