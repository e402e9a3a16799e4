/**
 * Counts the bytes that wait for the disk. Past the high mark the listeners hear `true`, back below
 * half of it `false`: whoever feeds changes in (a socket) pauses between the two.
 */
export class Pressure {
  readonly #highWater: number
  readonly #listeners = new Set<(pressed: boolean) => void>()
  #bytes = 0
  #pressed = false

  constructor(highWater: number) {
    this.#highWater = highWater
  }

  get pendingBytes(): number {
    return this.#bytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
    if (!this.#pressed && this.#bytes > this.#highWater) this.#tell(true)
  }

  release(bytes: number): void {
    this.#bytes -= bytes
    if (this.#pressed && this.#bytes <= this.#highWater / 2) this.#tell(false)
  }

  /** Returns the unsubscribe function. */
  listen(listener: (pressed: boolean) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #tell(pressed: boolean): void {
    this.#pressed = pressed
    for (const listener of this.#listeners) listener(pressed)
  }
}
