import { createHash, timingSafeEqual } from 'node:crypto'
import { GatewayError } from '../session/errors.ts'

/**
 * The container around everything that the replica stores:
 *
 *   0  magic 'WAGW'            4   version   5 kind   6 codec   7 cipher
 *   8  length of the key id    9   key id (n bytes)
 *   9+n  length of the payload, 32 bits big-endian
 *   13+n sha256 over header, own name and payload (32 bytes)
 *   45+n payload
 *
 * The digest covers the object's own name, so an object put in another's place is found like one
 * that was flipped, cut short or made longer.
 */
const MAGIC = Buffer.from('WAGW', 'latin1')
const VERSION = 1
const FIXED = 9
const DIGEST = 32

const KINDS = { snapshot: 1, owner: 2, alive: 3 } as const
const CODECS = { none: 0, zstd: 1 } as const
const CIPHERS = { none: 0 } as const

export type ObjectKind = keyof typeof KINDS
export type Codec = keyof typeof CODECS
export type Cipher = keyof typeof CIPHERS

/** What an object is, beside its payload. `keyId` is empty where the cipher is `none`. */
export interface ObjectHeader {
  kind: ObjectKind
  codec: Codec
  cipher: Cipher
  keyId: string
}

/** Names an object for messages: which one, and whose. */
export interface ObjectAddress {
  name: string
  kind: ObjectKind
  /** The session it belongs to; a worker's own objects have none. */
  sessionId?: string
}

export function packObject(name: string, header: ObjectHeader, payload: Uint8Array): Uint8Array {
  const keyId = Buffer.from(header.keyId, 'utf8')
  const head = Buffer.alloc(FIXED + keyId.length + 4)
  MAGIC.copy(head)
  head[4] = VERSION
  head[5] = KINDS[header.kind]
  head[6] = CODECS[header.codec]
  head[7] = CIPHERS[header.cipher]
  head[8] = keyId.length
  keyId.copy(head, FIXED)
  head.writeUInt32BE(payload.length, FIXED + keyId.length)
  return Buffer.concat([head, digest(name, head, payload), payload])
}

/** The header and payload of a sound object; throws `replica.damaged` naming object and session. */
export function unpackObject(
  address: ObjectAddress,
  bytes: Uint8Array,
): ObjectHeader & { payload: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < FIXED || !buffer.subarray(0, 4).equals(MAGIC))
    throw damaged(address, 'it does not begin as an object of this program does')
  const headLength = FIXED + byteAt(buffer, 8) + 4
  const start = headLength + DIGEST
  if (buffer.length < start) throw damaged(address, 'it is cut short')
  const head = buffer.subarray(0, headLength)
  const payload = buffer.subarray(start)
  const length = head.readUInt32BE(headLength - 4)
  if (payload.length !== length)
    throw damaged(address, `it has ${payload.length} bytes of content where ${length} were written`)
  if (!timingSafeEqual(buffer.subarray(headLength, start), digest(address.name, head, payload)))
    throw damaged(address, 'its checksum does not match its content and name')
  if (byteAt(buffer, 4) !== VERSION)
    throw damaged(address, `its format version ${byteAt(buffer, 4)} is not known to this program`)
  const kind = keyOf(KINDS, byteAt(buffer, 5))
  const codec = keyOf(CODECS, byteAt(buffer, 6))
  const cipher = keyOf(CIPHERS, byteAt(buffer, 7))
  if (kind !== address.kind) throw damaged(address, `it is not a ${address.kind}`)
  if (codec === undefined || cipher === undefined)
    throw damaged(address, 'it uses a compression or cipher that this program does not know')
  return { kind, codec, cipher, keyId: head.toString('utf8', FIXED, headLength - 4), payload }
}

export function damaged(address: ObjectAddress, why: string, cause?: unknown): GatewayError {
  const whose = address.sessionId === undefined ? '' : ` of session '${address.sessionId}'`
  return new GatewayError({
    code: 'replica.damaged',
    subject: address.name,
    message: `the ${address.kind}${whose} in the object store is damaged (${address.name}): ${why}`,
    ...(address.sessionId !== undefined && {
      hint: `run \`wa-gateway backup list --session ${address.sessionId}\` to see what else is kept`,
    }),
    cause,
  })
}

function digest(name: string, head: Uint8Array, payload: Uint8Array): Buffer {
  const nameBytes = Buffer.from(name, 'utf8')
  const nameLength = Buffer.alloc(4)
  nameLength.writeUInt32BE(nameBytes.length)
  return createHash('sha256')
    .update(head)
    .update(nameLength)
    .update(nameBytes)
    .update(payload)
    .digest()
}

function byteAt(buffer: Buffer, index: number): number {
  return buffer.readUInt8(index)
}

function keyOf<T extends string>(table: Record<T, number>, value: number): T | undefined {
  return (Object.keys(table) as T[]).find((key) => table[key] === value)
}
