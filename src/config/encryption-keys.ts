import type { Kind } from './kinds.ts'
import { Secret } from './secret.ts'

const KEY_BYTES = 32
const HOW = 'make one with `openssl rand -base64 32`'

type Read = { ok: true; keys: Uint8Array[] } | { ok: false; problem: string }

/**
 * One or several keys of 32 bytes, as 64 hexadecimal digits or in base64, with commas or line ends
 * between them. What is wrong is told by number and length, never by content.
 */
export function readEncryptionKeys(text: string): Read {
  const parts = text
    .split(/[,\r\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0) return { ok: false, problem: `holds no key: ${HOW}` }
  const keys: Uint8Array[] = []
  for (const [index, part] of parts.entries()) {
    const which = parts.length === 1 ? 'the key' : `key ${index + 1} of ${parts.length}`
    const key = decode(part)
    if (key === undefined) {
      const length = `${part.length} character${part.length === 1 ? '' : 's'}`
      return {
        ok: false,
        problem: `${which} (${length}) is not 32 bytes as 64 hexadecimal digits or 44 characters of base64: ${HOW}`,
      }
    }
    if (key.every((byte) => byte === key[0]))
      return { ok: false, problem: `${which} is not random: ${HOW}` }
    if (keys.some((other) => Buffer.compare(other, key) === 0))
      return { ok: false, problem: `${which} is there twice` }
    keys.push(key)
  }
  return { ok: true, keys }
}

/** A setting that holds such keys; its value stays a secret until it is read with the above. */
export const encryptionKeys: Kind<Secret> = {
  parse(raw) {
    if (typeof raw !== 'string')
      return { ok: false, problem: 'must be text: put the value in quotes' }
    const read = readEncryptionKeys(raw)
    return read.ok ? { ok: true, value: new Secret(raw) } : read
  },
}

function decode(part: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(part)) return Buffer.from(part, 'hex')
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(part)) return undefined
  const key = Buffer.from(part, 'base64')
  return key.length === KEY_BYTES ? key : undefined
}
