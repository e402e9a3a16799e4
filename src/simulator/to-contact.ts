import { proto, unpadRandomMax16 } from '@whiskeysockets/baileys'
import { keyParts } from './bundles.ts'
import type { Device } from './device.ts'
import type { Person } from './directory.ts'
import { receiptKey } from './mailbox.ts'
import { node, stanzaTime, toBytes, type Node } from './nodes.ts'
import { decodePreKeyMessage, decodeWhisperMessage } from './signal.ts'
import type { World } from './world.ts'

const RETRIES = 5

/** One ciphertext that a gateway device made for a phone. */
export interface Ciphertext {
  id: string
  /** `pkmsg` or `msg`. */
  type: string
  bytes: Buffer
  /** The chat it belongs to. */
  chat: string
}

/**
 * A phone reads a message and sends a receipt. What it cannot read is counted, and asked for again
 * up to five times with the phone's own fresh keys in the request.
 */
export async function readOnPhone(
  world: World,
  sender: Device,
  person: Person,
  message: Ciphertext,
): Promise<void> {
  const of = { device: sender.name, contact: person.user, id: message.id }
  const own = person.user === sender.user
  const before = world.outbound.wasDecrypted(of.device, of.contact, of.id)
  try {
    world.outbound.ratchet(of, ratchetStep(message))
    const plain = await person.endpoint.decrypt(sender.signalAddress, message.type, message.bytes)
    const content = proto.Message.decode(unpadRandomMax16(plain))
    world.outbound.decrypted({ ...of, own })
    if (!before && !own) person.receive(received(sender, message.id, content))
  } catch (thrown) {
    if (!before) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown)
      const attempt = world.outbound.undecryptable({ ...of, reason })
      if (attempt <= RETRIES) askAgain(sender, person, message, attempt)
      return
    }
  }
  if (!own) sendReceipt(sender, person, message.id)
}

function ratchetStep(message: Ciphertext): {
  ratchetKey: Uint8Array
  counter: number
  bytes: Uint8Array
} {
  const isFirst = message.type === 'pkmsg'
  const bytes = isFirst ? decodePreKeyMessage(message.bytes).message : message.bytes
  const { ephemeralKey, counter } = decodeWhisperMessage(bytes)
  return { ratchetKey: ephemeralKey, counter, bytes }
}

function received(sender: Device, id: string, content: proto.Message) {
  const text = content.conversation ?? content.extendedTextMessage?.text ?? undefined
  const kind = Object.keys(content).find((key) => key !== 'messageContextInfo') ?? 'empty'
  return { id, from: sender.jid, text: text === '' ? undefined : text, kind, at: Date.now() }
}

function sendReceipt(sender: Device, person: Person, id: string): void {
  const attrs = { id, from: person.jid, t: stanzaTime() }
  sender.deliver(receiptKey(id, person.jid), node('receipt', attrs))
}

function askAgain(sender: Device, person: Person, message: Ciphertext, attempt: number): void {
  const { id, chat } = message
  const own = person.user === sender.user
  const attrs = {
    id,
    from: person.jid,
    type: 'retry',
    t: stanzaTime(),
    recipient: own ? chat : undefined,
  }
  const bundle = person.endpoint.bundle()
  const retry = { count: String(attempt), id, t: stanzaTime(), v: '1', error: '0' }
  const content: Node[] = [
    node('retry', retry),
    node('registration', {}, toBytes(bundle.registrationId, 4)),
    node('keys', {}, keyParts(bundle)),
  ]
  sender.deliver(receiptKey(id, person.jid), node('receipt', attrs, content))
}
