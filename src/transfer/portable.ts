import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  scrypt,
} from 'node:crypto'
import { z } from 'zod'
import { packEntries, unpackEntries } from '../authstate/packed.ts'
import type { Entry } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'

/*
 * One session in one file, under a passphrase of its own: it opens wherever that is known, whatever
 * keys the installations have.
 *
 *   magic (8) | version (1) | log2 N, r, p of scrypt (3) | its salt (16) | salt of this file (16)
 *   | check (16) | AES-256-GCM of the content, with its tag (16) | sha256 of all before (32)
 *
 * scrypt makes the master key, which many files share, so that a hundred of them take one scrypt.
 * HKDF with the file's salt makes its key and `check`. Everything before the content is associated
 * data. The content is the length of its description (4, big-endian), that description in JSON, and
 * the values as packed.ts packs them, compressed. The digest tells a damaged file from a wrong
 * passphrase without it; only the tag proves that nobody made the file up.
 */
const MAGIC = Buffer.from('WAGWSESS')
const VERSION = 1
const COST = { log2N: 17, r: 8, p: 1 }
const SALT_AT = MAGIC.length + 4
const FILE_SALT_AT = SALT_AT + 16
const CHECK_AT = FILE_SALT_AT + 16
const HEADER = CHECK_AT + 16
const TAG = 16
const DIGEST = 32
/** The key is used for one content. */
const NONCE = Buffer.alloc(12)

const description = z.object({
  session: z.string(),
  /** The worker that it was exported from. */
  worker: z.string(),
  seq: z.number(),
  /** Hex: the hash of the history up to `seq`. */
  hash: z.string(),
  /** Milliseconds since the epoch: when this state was the newest. */
  at: z.number(),
})

export type Description = z.infer<typeof description>

/** The master key of a passphrase, and how it was made. */
export interface MasterKey {
  salt: Buffer
  cost: typeof COST
  key: Buffer
}

export async function newMasterKey(passphrase: string, cost = COST): Promise<MasterKey> {
  const salt = randomBytes(16)
  return { salt, cost, key: await derive(passphrase, salt, cost) }
}

export async function encodePortable(
  about: Description,
  entries: readonly Entry[],
  { salt, cost, key: master }: MasterKey,
): Promise<Buffer> {
  const fileSalt = randomBytes(16)
  const { key, check } = fileKeys(master, fileSalt)
  const costs = Buffer.from([VERSION, cost.log2N, cost.r, cost.p])
  const header = Buffer.concat([MAGIC, costs, salt, fileSalt, check])
  const text = Buffer.from(JSON.stringify(description.parse(about)))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const cipher = createCipheriv('aes-256-gcm', key, NONCE).setAAD(header)
  const parts = [header, cipher.update(length), cipher.update(text)]
  parts.push(cipher.update(await packEntries(entries)), cipher.final(), cipher.getAuthTag())
  const body = Buffer.concat(parts)
  return Buffer.concat([body, digest(body)])
}

/**
 * Throws `replica.damaged` for a file that is not whole, and `usage` where the passphrase is not its.
 * The master key is asked for by salt and cost, which many files share.
 */
export async function decodePortable(
  file: Buffer,
  unlock: Unlock,
): Promise<{ about: Description; entries: Entry[] }> {
  if (!isPortable(file)) throw damaged('it is no portable session')
  if (file[MAGIC.length] !== VERSION) throw newer()
  const body = file.subarray(0, -DIGEST)
  if (body.length < HEADER + TAG || !digest(body).equals(file.subarray(-DIGEST)))
    throw damaged('it is cut off or changed')
  const [log2N = 0, r = 0, p = 0] = file.subarray(MAGIC.length + 1, SALT_AT)
  // More would be a way to make a reader busy: 2 GiB of memory at most.
  if (log2N < 10 || log2N > 21 || r < 1 || r > 8 || p < 1 || p > 4)
    throw damaged('its header is wrong')
  const master = await unlock(file.subarray(SALT_AT, FILE_SALT_AT), { log2N, r, p })
  const { key, check } = fileKeys(master, file.subarray(FILE_SALT_AT, CHECK_AT))
  if (!check.equals(file.subarray(CHECK_AT, HEADER))) throw wrongPassphrase()
  const content = open(body, key)
  const length = content.readUInt32BE(0)
  const about = description.parse(JSON.parse(content.subarray(4, 4 + length).toString()))
  return { about, entries: await unpackEntries(content.subarray(4 + length)) }
}

function isPortable(file: Buffer): boolean {
  return file.subarray(0, MAGIC.length).equals(MAGIC)
}

/** The master key of a salt; asks for the passphrase when the first file needs it. */
export type Unlock = (salt: Buffer, cost: typeof COST) => Promise<Buffer>

/** Makes each master key once. */
export function masterKeys(passphrase: () => Promise<string>): Unlock {
  const known = new Map<string, Promise<Buffer>>()
  return (salt, cost) => {
    const name = `${salt.toString('hex')} ${cost.log2N} ${cost.r} ${cost.p}`
    const made = known.get(name) ?? passphrase().then((text) => derive(text, salt, cost))
    known.set(name, made)
    return made
  }
}

function open(body: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE)
  decipher.setAAD(body.subarray(0, HEADER)).setAuthTag(body.subarray(-TAG))
  const content = decipher.update(body.subarray(HEADER, -TAG))
  try {
    return Buffer.concat([content, decipher.final()])
  } catch {
    // The digest was right, and the passphrase: somebody made it so.
    throw damaged('it was changed by somebody')
  }
}

function fileKeys(master: Buffer, salt: Buffer): { key: Buffer; check: Buffer } {
  const both = Buffer.from(hkdfSync('sha256', master, salt, 'wa-gateway portable session', 48))
  return { key: both.subarray(0, 32), check: both.subarray(32) }
}

function derive(passphrase: string, salt: Buffer, { log2N, r, p }: typeof COST): Promise<Buffer> {
  const N = 2 ** log2N
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const limits = { N, r, p, maxmem: 256 * N * r }
  scrypt(passphrase.normalize('NFC'), salt, 32, limits, (error, key) =>
    error === null ? resolve(key) : reject(error),
  )
  return promise
}

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

function damaged(what: string): GatewayError {
  return new GatewayError({
    code: 'replica.damaged',
    message: `the portable file is damaged: ${what}`,
    hint: 'take another copy of it, or export the session again',
  })
}

function newer(): GatewayError {
  return new GatewayError({
    code: 'state.newer',
    message: 'the portable file is of a newer version',
    hint: 'import it with the version of wa-gateway that made it, or a later one',
  })
}

function wrongPassphrase(): GatewayError {
  return new GatewayError({
    code: 'usage',
    message: 'this is not the passphrase with which the file was exported',
    hint: 'give the right one with --passphrase-file or WA_GATEWAY_PASSPHRASE',
  })
}
