import {
  S_WHATSAPP_NET,
  getBinaryNodeChild,
  getBinaryNodeChildBuffer,
  getBinaryNodeChildString,
  getBinaryNodeChildren,
  type BinaryNode,
} from '@whiskeysockets/baileys'

/** A stanza: tag, string attributes and children, text or bytes. */
export type Node = BinaryNode

/** The server's own address. */
export const SERVER = S_WHATSAPP_NET

/** Builds a stanza; attributes that are undefined are left out. */
export function node(
  tag: string,
  attrs: Record<string, string | undefined> = {},
  content?: Node['content'],
): Node {
  const given = Object.entries(attrs).filter((pair): pair is [string, string] => {
    return pair[1] !== undefined
  })
  const built: Node = { tag, attrs: Object.fromEntries(given) }
  if (content !== undefined) built.content = content
  return built
}

export const child = getBinaryNodeChild
export const children = getBinaryNodeChildren
export const childText = getBinaryNodeChildString

export function firstChild(parent: Node): Node | undefined {
  return Array.isArray(parent.content) ? parent.content[0] : undefined
}

/** The bytes of the child with this tag. */
export function childBytes(parent: Node | undefined, tag: string): Buffer | undefined {
  const bytes = getBinaryNodeChildBuffer(parent, tag)
  return bytes === undefined ? undefined : Buffer.from(bytes)
}

/** The bytes of the child with this tag; throws when the stanza has none. */
export function requireBytes(parent: Node | undefined, tag: string): Buffer {
  const bytes = childBytes(parent, tag)
  if (bytes === undefined) throw new Error(`the stanza has no <${tag}> with bytes`)
  return bytes
}

/** An unsigned integer as `length` bytes, most significant first. */
export function toBytes(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUIntBE(value, 0, length)
  return bytes
}

/** The inverse of toBytes for 1 to 6 bytes; none reads as 0. */
export function fromBytes(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : Buffer.from(bytes).readUIntBE(0, bytes.length)
}

/** Seconds since the epoch, as stanzas carry them. */
export function stanzaTime(): string {
  return String(Math.floor(Date.now() / 1000))
}
