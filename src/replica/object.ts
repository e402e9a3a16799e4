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

const KINDS = {
  snapshot: 1,
  owner: 2,
  alive: 3,
  bundle: 4,
  fence: 5,
  low: 6,
  want: 7,
  keyring: 8,
} as const
const CODECS = { none: 0, zstd: 1 } as const
const CIPHERS = { none: 0, 'aes-256-gcm': 1 } as const

type ObjectKind = keyof typeof KINDS
export type Codec = keyof typeof CODECS
type Cipher = keyof typeof CIPHERS

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

/** The header with the payload's length: everything before the digest. */
export function writeHead(header: ObjectHeader, payloadLength: number): Buffer {
  const keyId = Buffer.from(header.keyId, 'utf8')
  const head = Buffer.alloc(FIXED + keyId.length + 4)
  MAGIC.copy(head)
  head[4] = VERSION
  head[5] = KINDS[header.kind]
  head[6] = CODECS[header.codec]
  head[7] = CIPHERS[header.cipher]
  head[8] = keyId.length
  keyId.copy(head, FIXED)
  head.writeUInt32BE(payloadLength, FIXED + keyId.length)
  return head
}

/** What an object says of itself, before anything of it is proven. Undefined: not known here. */
export interface ObjectHead {
  version: number
  kind: ObjectKind | undefined
  codec: Codec | undefined
  cipher: Cipher | undefined
  keyId: string
  /** The payload's length as written, in bytes. */
  length: number
  /** The header's own bytes, and what follows them. */
  head: Buffer
  rest: Buffer
}

/** Throws `replica.damaged` where there is no whole header. */
export function readHead(address: ObjectAddress, bytes: Uint8Array): ObjectHead {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < FIXED || !buffer.subarray(0, 4).equals(MAGIC))
    throw damaged(address, 'it does not begin as an object of this program does')
  const headLength = FIXED + byteAt(buffer, 8) + 4
  if (buffer.length < headLength) throw damaged(address, 'it is cut short')
  const head = buffer.subarray(0, headLength)
  return {
    version: byteAt(buffer, 4),
    kind: keyOf(KINDS, byteAt(buffer, 5)),
    codec: keyOf(CODECS, byteAt(buffer, 6)),
    cipher: keyOf(CIPHERS, byteAt(buffer, 7)),
    keyId: head.toString('utf8', FIXED, headLength - 4),
    length: head.readUInt32BE(headLength - 4),
    head,
    rest: buffer.subarray(headLength),
  }
}

export function packObject(name: string, header: ObjectHeader, payload: Uint8Array): Uint8Array {
  const head = writeHead(header, payload.length)
  return Buffer.concat([head, digest(name, head, payload), payload])
}

/** The header and payload of a sound object; throws `replica.damaged` naming object and session. */
export function unpackObject(
  address: ObjectAddress,
  bytes: Uint8Array,
): ObjectHeader & { payload: Uint8Array } {
  const found = readHead(address, bytes)
  const { head, rest } = found
  if (rest.length < DIGEST) throw damaged(address, 'it is cut short')
  const payload = rest.subarray(DIGEST)
  assertLength(address, found, payload)
  if (!timingSafeEqual(rest.subarray(0, DIGEST), digest(address.name, head, payload)))
    throw damaged(address, 'its checksum does not match its content and name')
  return { ...provenHeader(address, found), payload }
}

export function assertLength(
  address: ObjectAddress,
  { length }: ObjectHead,
  payload: Uint8Array,
): void {
  if (payload.length === length) return
  throw damaged(address, `it has ${payload.length} bytes of content where ${length} were written`)
}

/** Whether a header that was proven is one that this program can read, and of the kind sought. */
export function provenHeader(address: ObjectAddress, found: ObjectHead): ObjectHeader {
  const { version, kind, codec, cipher, keyId } = found
  if (version !== VERSION) throw otherVersion(address, { written: version, read: VERSION })
  if (kind !== address.kind) throw damaged(address, `it is not a ${address.kind}`)
  if (codec === undefined || cipher === undefined)
    throw damaged(address, 'it uses a compression or cipher that this program does not know')
  return { kind, codec, cipher, keyId }
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

/** Content of a format that another version writes is told from content that is damaged. */
export function assertFormat(address: ObjectAddress, content: unknown, read: number): void {
  if (typeof content !== 'object' || content === null || !('format' in content)) return
  const { format } = content
  if (typeof format === 'number' && format !== read)
    throw otherVersion(address, { written: format, read })
}

function otherVersion(
  address: ObjectAddress,
  { written, read }: { written: number; read: number },
): GatewayError {
  const whose = address.sessionId === undefined ? '' : ` of session '${address.sessionId}'`
  return new GatewayError({
    code: 'replica.damaged',
    subject: address.name,
    message: `the ${address.kind}${whose} in the object store (${address.name}) was written by another version of wa-gateway: it has format ${written}, this one reads ${read}`,
    hint: 'run the version that wrote it: nothing is wrong with the object',
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
