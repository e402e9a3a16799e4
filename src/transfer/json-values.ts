import { decodeValue, encodeValue } from '../authstate/codec.ts'

/** The text of a file of useMultiFileAuthState as the gateway stores its value. Throws SyntaxError. */
export function valueOfText(text: string): Uint8Array | undefined {
  const value: unknown = JSON.parse(text, revive)
  // Baileys writes no such value, and reads it as none.
  return value === null || value === false || value === 0 || value === ''
    ? undefined
    : encodeValue(value)
}

/** The inverse, as Baileys 7 writes it. */
export function textOfValue(value: Uint8Array): string {
  return JSON.stringify(decodeValue(value), replace)
}

/** Bytes are `{type: 'Buffer', data: <base64>}`; Buffer's own JSON, and older files, have others. */
function revive(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { type, buffer, data, value: content } = value as Record<string, unknown>
  if (type !== 'Buffer' && buffer !== true) return value
  const bytes = data ?? content
  if (typeof bytes === 'string') return Buffer.from(bytes, 'base64')
  return Array.isArray(bytes) && bytes.every(isByte) ? Buffer.from(bytes) : value
}

function replace(_: string, value: unknown): unknown {
  const { type, data } = (value ?? {}) as Record<string, unknown>
  // JSON.stringify has asked the Buffer for its own JSON already.
  return type === 'Buffer' && Array.isArray(data)
    ? { type: 'Buffer', data: Buffer.from(data as number[]).toString('base64') }
    : value
}

function isByte(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256
}
