import type { Line } from './line.ts'

export type PairingEvent = { type: 'qr'; qr: string } | { type: 'code'; code: string }

/** Shows a person what to scan or type while a session waits for a phone. */
export class Prompt {
  #phone: string | undefined
  readonly #emit: (event: PairingEvent) => void

  /** With a phone, a pairing code is wanted instead of a QR. */
  constructor(phone: string | undefined, emit: (event: PairingEvent) => void) {
    this.#phone = phone
    this.#emit = emit
  }

  async show(line: Pick<Line, 'requestPairingCode'>, qr: string): Promise<void> {
    const phone = this.#phone
    if (phone === undefined) return this.#emit({ type: 'qr', qr })
    // One code a connection: the later QR refs would only replace what the person is typing.
    this.#phone = ''
    if (phone === '') return undefined
    return this.#emit({ type: 'code', code: await line.requestPairingCode(phone) })
  }
}
