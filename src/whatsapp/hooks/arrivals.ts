import type { EventEmitter } from 'node:events'
import { getBinaryNodeChildren, type BinaryNode } from '@whiskeysockets/baileys'

/**
 * Which stanza a ciphertext came in. Baileys hands the very bytes of the stanza to the Signal
 * repository, so they are found by identity, and forgotten when Baileys forgets them.
 */
export class Arrivals {
  readonly #stanzas = new WeakMap<Uint8Array, BinaryNode>()

  /** Follows a socket of Baileys' (`sock.ws`). */
  watch(client: EventEmitter): void {
    // Before Baileys' own listener, which begins to work on the stanza.
    client.prependListener('CB:message', (stanza: BinaryNode) => this.note(stanza))
  }

  note(stanza: BinaryNode): void {
    for (const { content } of getBinaryNodeChildren(stanza, 'enc')) {
      if (content instanceof Uint8Array) this.#stanzas.set(content, stanza)
    }
  }

  stanzaOf(ciphertext: Uint8Array): BinaryNode | undefined {
    return this.#stanzas.get(ciphertext)
  }
}
