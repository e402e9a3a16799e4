import { getContentType, normalizeMessageContent, type WAMessage } from '@whiskeysockets/baileys'

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

/** A chat has a phone number id and a private one (LID); applications know the phone number. */
function phoneJid(jid: string, alternative: string | null | undefined): string {
  return alternative?.endsWith('@s.whatsapp.net') ? alternative : jid
}
