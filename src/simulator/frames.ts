const ROUTING_PREFIX = Buffer.from([0x45, 0x44, 0, 1])
const MAGIC = Buffer.from([0x57, 0x41])
const LENGTH_BYTES = 3

/** How a client introduces itself before its first frame. */
export interface Intro {
  /** The four bytes that both sides mix into the handshake's hash. */
  header: Buffer
  /** What the server handed out earlier so that a client reaches the same place again. */
  routingInfo: Buffer | undefined
}

/** One frame on the wire: a 3-byte big-endian length, then the body. */
export function encodeFrame(body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + body.length)
  frame.writeUIntBE(body.length, 0, LENGTH_BYTES)
  frame.set(body, LENGTH_BYTES)
  return frame
}

/** Cuts a client's byte stream into its intro and its frames, however the bytes were split. */
export class FrameReader {
  #intro: Intro | undefined
  #rest: Buffer = Buffer.alloc(0)

  get intro(): Intro | undefined {
    return this.#intro
  }

  /** Returns the bodies that are complete now. Throws when the stream is no WhatsApp client's. */
  push(chunk: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    if (this.#intro === undefined && !this.#readIntro()) return []
    const bodies: Buffer[] = []
    while (this.#rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + this.#rest.readUIntBE(0, LENGTH_BYTES)
      if (this.#rest.length < end) break
      bodies.push(this.#rest.subarray(LENGTH_BYTES, end))
      this.#rest = this.#rest.subarray(end)
    }
    return bodies
  }

  #readIntro(): boolean {
    let start = 0
    let routingInfo: Buffer | undefined
    if (this.#startsWith(ROUTING_PREFIX)) {
      if (this.#rest.length < 7) return false
      start = 7 + this.#rest.readUIntBE(4, 3)
      routingInfo = Buffer.from(this.#rest.subarray(7, start))
    }
    if (this.#rest.length < start + 4) return false
    const header = Buffer.from(this.#rest.subarray(start, start + 4))
    if (!header.subarray(0, 2).equals(MAGIC)) {
      throw new Error(`the client's intro is ${header.toString('hex')}, not 'WA' and a version`)
    }
    this.#intro = { header, routingInfo }
    this.#rest = this.#rest.subarray(start + 4)
    return true
  }

  #startsWith(prefix: Buffer): boolean {
    const length = Math.min(prefix.length, this.#rest.length)
    return length > 1 && this.#rest.subarray(0, length).equals(prefix.subarray(0, length))
  }
}
