import { randomBytes } from 'node:crypto'
import { GatewayError } from '../session/errors.ts'
import type { Device } from './device.ts'
import type { Person, ReceivedMessage, ReceivedReceipt } from './directory.ts'
import { sendText } from './from-contact.ts'
import { waitUntil, type WaitOptions } from './waiting.ts'
import type { World } from './world.ts'

export interface SendOptions {
  /** The message id; a random one when left out. */
  id?: string
}

/** Somebody with a phone who writes to linked devices and reads what they send. */
export class Contact {
  protected readonly world: World
  protected readonly person: Person

  constructor(world: World, person: Person) {
    this.world = world
    this.person = person
  }

  get user(): string {
    return this.person.user
  }

  get jid(): string {
    return this.person.jid
  }

  /** What arrived, oldest first. */
  get messages(): readonly ReceivedMessage[] {
    return this.person.inbox
  }

  get receipts(): readonly ReceivedReceipt[] {
    return this.person.receipts
  }

  /**
   * Sends a text to a device, or to every linked device of a phone number. Resolves with the
   * message id once it is in the mailboxes. Throws `session.unknown` when nothing is linked.
   */
  async send(to: Device | string, text: string, options: SendOptions = {}): Promise<string> {
    const id = options.id ?? `3EB0${randomBytes(9).toString('hex').toUpperCase()}`
    const devices = typeof to === 'string' ? this.#devicesOf(to) : [to]
    await Promise.all(
      devices.map((device) => sendText(this.world, this.person, device, { id, text })),
    )
    return id
  }

  /** Resolves with the first message, past or future, of this text or that passes this test. */
  waitFor(
    wanted: string | ((message: ReceivedMessage) => boolean),
    options?: WaitOptions,
  ): Promise<ReceivedMessage> {
    const test = typeof wanted === 'string' ? textIs(wanted) : wanted
    const what =
      typeof wanted === 'string' ? `'${wanted}' at ${this.user}` : `a message at ${this.user}`
    return waitUntil(what, () => this.messages.find(test), this.#listen('message'), options)
  }

  /** Resolves with the first receipt, other than a retry request, for this message id. */
  waitForReceipt(id: string, options?: WaitOptions): Promise<ReceivedReceipt> {
    const find = (): ReceivedReceipt | undefined => {
      return this.receipts.find((receipt) => receipt.id === id && receipt.type !== 'retry')
    }
    return waitUntil(`a receipt for ${id}`, find, this.#listen('receipt'), options)
  }

  #listen(event: 'message' | 'receipt'): (again: () => void) => () => void {
    return (again) => {
      this.person.events.on(event, again)
      return () => this.person.events.off(event, again)
    }
  }

  #devicesOf(to: string): Device[] {
    const [user = '', number] = (to.split('@')[0] ?? '').split(':')
    const all = [...(this.world.directory.known(user)?.devices.values() ?? [])]
    const linked = all.filter((device) => {
      return !device.unlinked && (number === undefined || device.number === Number(number))
    })
    if (linked.length > 0) return linked
    throw new GatewayError({
      code: 'session.unknown',
      subject: to,
      message: `no linked device answers to '${to}'`,
      hint: 'pair one first: POST /phones/USER/scan with its QR code',
    })
  }
}

function textIs(text: string): (message: ReceivedMessage) => boolean {
  return (message) => message.text === text
}
