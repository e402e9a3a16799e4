import { bootPrefix, type BootId } from '../names.ts'

/** Slots of any number of logs, a bit each. */
export class SlotSet {
  readonly #bits = new Map<string, Uint8Array>()

  add(boot: BootId, slot: number): void {
    const key = bootPrefix(boot)
    const byte = slot >>> 3
    let bits = this.#bits.get(key) ?? new Uint8Array(64)
    if (byte >= bits.length) {
      const longer = new Uint8Array(Math.max(byte + 1, 2 * bits.length))
      longer.set(bits)
      bits = longer
    }
    bits[byte] = (bits[byte] ?? 0) | (1 << (slot & 7))
    this.#bits.set(key, bits)
  }

  has(boot: BootId, slot: number): boolean {
    const byte = this.#bits.get(bootPrefix(boot))?.[slot >>> 3] ?? 0
    return (byte & (1 << (slot & 7))) !== 0
  }
}
