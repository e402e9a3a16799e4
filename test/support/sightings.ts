/** A secret that was found, and in which form. */
export interface Sighting {
  what: string
  form: string
}

/** Characters of a secret that, found in a row, count as a sighting. */
const LENGTH = 16
const MIN_DISTINCT = 6

/**
 * Looks for many secrets in much text: bytes as hex, base64 (at any offset of a longer whole),
 * base64url, lists of numbers and plain text, texts as they are. A piece of 16 characters is enough.
 */
export class Sightings {
  readonly #pieces = new Map<string, Sighting>()
  readonly #shorter = new Map<string, Sighting>()

  get size(): number {
    return this.#pieces.size + this.#shorter.size
  }

  add(what: string, bytes: Uint8Array): void {
    // Zeros and the like stand everywhere.
    if (new Set(bytes).size < MIN_DISTINCT) return
    const secret = Buffer.from(bytes)
    this.#note(what, 'hex', secret.toString('hex'))
    // The list is looked for without its blanks.
    this.#note(what, 'numbers', `${secret.join(',')},`)
    for (const [before, cut] of [
      [0, 0],
      [1, 2],
      [2, 3],
    ] as const) {
      const padded = Buffer.concat([Buffer.alloc(before), secret]).toString('base64')
      // The first characters depend on what stands before, the last on what follows.
      const base64 = padded.slice(cut === 0 ? 0 : cut + 1).replace(/.?=*$/, '')
      this.#note(what, 'base64', base64)
      this.#note(what, 'base64url', base64.replaceAll('+', '-').replaceAll('/', '_'))
    }
    const text = secret.toString('latin1')
    if (/^[\x20-\x7e]+$/.test(text)) this.addText(what, text)
  }

  addText(what: string, text: string): void {
    if (text.length < LENGTH) this.#shorter.set(text, { what, form: 'text' })
    else this.#note(what, 'text', text)
  }

  /** Every byte array and every text that may be a key, anywhere in a value. */
  addAll(what: string, value: unknown): void {
    if (typeof value === 'string') {
      if (/^[A-Za-z0-9+/_=-]{20,}$/.test(value)) this.addText(what, value)
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (value instanceof Uint8Array) {
      if (value.length >= 8) this.add(what, value)
      return
    }
    for (const [name, part] of Object.entries(value)) this.addAll(`${what}.${name}`, part)
  }

  /** What of it stands in the text, each once. */
  in(text: string): Sighting[] {
    const found = new Map<string, Sighting>()
    const see = (sighting: Sighting | undefined) => {
      if (sighting !== undefined) found.set(`${sighting.what} ${sighting.form}`, sighting)
    }
    for (const view of [text, text.toLowerCase(), text.replaceAll(/\s+/g, '')])
      for (let at = 0; at + LENGTH <= view.length; at++)
        see(this.#pieces.get(view.slice(at, at + LENGTH)))
    for (const [short, sighting] of this.#shorter) if (text.includes(short)) see(sighting)
    return [...found.values()]
  }

  /** Its beginning, its middle and its end. */
  #note(what: string, form: string, text: string): void {
    if (text.length < LENGTH) return
    for (const at of [0, Math.floor((text.length - LENGTH) / 2), text.length - LENGTH])
      this.#pieces.set(text.slice(at, at + LENGTH), { what, form })
  }
}
