import {
  cleanMessage,
  decodeMessageNode,
  getContentType,
  normalizeMessageContent,
  proto,
  unpadRandomMax16,
  type BinaryNode,
  type WAMessage,
} from '@whiskeysockets/baileys'

/** A message for the application. */
export interface IncomingMessage {
  id: string
  /** The chat's WhatsApp id. */
  from: string
  /** Absent for what is not text. */
  text?: string
  /** Milliseconds since the epoch, as the sender's server says. */
  at: number
}

/**
 * What an upserted message is to the application; undefined for one's own, for protocol messages
 * and for placeholders of messages that could not be decrypted.
 */
export function readMessage(message: WAMessage): IncomingMessage | undefined {
  const { key } = message
  if (key.fromMe || !key.id || !key.remoteJid) return undefined
  const content = normalizeMessageContent(message.message)
  const type = content === undefined ? undefined : getContentType(content)
  if (content === undefined || type === undefined || type === 'protocolMessage') return undefined
  const text = content.conversation ?? content.extendedTextMessage?.text
  return {
    id: key.id,
    from: phoneJid(key.remoteJid, key.remoteJidAlt),
    ...(typeof text === 'string' ? { text } : {}),
    at: Number(message.messageTimestamp ?? 0) * 1000,
  }
}

/** The message that Baileys will make of a decrypted ciphertext; throws where it makes none. */
export function messageOf(
  stanza: BinaryNode,
  plaintext: Uint8Array,
  me: { id: string; lid?: string | undefined },
): WAMessage {
  const { fullMessage } = decodeMessageNode(stanza, me.id, me.lid ?? '')
  const content = proto.Message.decode(unpadRandomMax16(plaintext))
  const message: WAMessage = {
    ...fullMessage,
    message: content.deviceSentMessage?.message ?? content,
  }
  cleanMessage(message, me.id, me.lid ?? '')
  return message
}

/** Ids of the messages that were handed over lately, so that each is handed over once. */
export class Delivered {
  readonly #limit: number
  readonly #keys = new Set<string>()

  constructor(limit = 4_096) {
    this.#limit = limit
  }

  /** True the first time that a message of this sender and id is seen. */
  first({ key }: WAMessage): boolean {
    const name = JSON.stringify([key.remoteJid, key.participant ?? '', key.id])
    if (this.#keys.has(name)) return false
    this.#keys.add(name)
    const oldest = this.#keys.size > this.#limit ? this.#keys.values().next().value : undefined
    if (oldest !== undefined) this.#keys.delete(oldest)
    return true
  }
}

/** A chat has a phone number id and a private one (LID); applications know the phone number. */
function phoneJid(jid: string, alternative: string | null | undefined): string {
  return alternative?.endsWith('@s.whatsapp.net') ? alternative : jid
}
