import { createHash } from 'node:crypto'
import { assertSessionId } from '../session/ids.ts'

/**
 * Where things lie in the object store (docs/ARCHITECTURE.md, the protocol). Numbers are padded so
 * that a listing sorts by epoch, then seq.
 */
const EPOCH_DIGITS = 10
const SEQ_DIGITS = 16
const SLOT_DIGITS = 12

export const SESSIONS = 'v1/sessions/'

export function ownerName(sessionId: string): string {
  return `${sessionPrefix(sessionId)}owner`
}

/** Everything of one session lies under this prefix; it ends with '/'. */
export function sessionPrefix(sessionId: string): string {
  return `${SESSIONS}${assertSessionId(sessionId)}/`
}

export function snapshotName(sessionId: string, epoch: number, seq: number): string {
  return `${sessionPrefix(sessionId)}${pad(epoch, EPOCH_DIGITS)}/${pad(seq, SEQ_DIGITS)}`
}

/** The snapshot that an object of the session is; undefined where it is none. */
export function snapshotOf(
  sessionId: string,
  name: string,
): { epoch: number; seq: number } | undefined {
  const [epochPart = '', seqPart = '', ...more] = name
    .slice(sessionPrefix(sessionId).length)
    .split('/')
  const epoch = epochOf(epochPart)
  if (epoch === undefined || more.length > 0 || !/^\d{16}$/.test(seqPart)) return undefined
  return { epoch, seq: Number(seqPart) }
}

export function aliveName(worker: string, boot: string): string {
  return `${bootPrefix({ worker, boot })}alive`
}

/** One process of a worker, and the log that it wrote. */
export interface BootId {
  worker: string
  boot: string
}

/** A boot's objects lie under this prefix; it ends with '/'. */
export function bootPrefix({ worker, boot }: BootId): string {
  return `${workerPrefix(worker)}${boot}/`
}

export function workerPrefix(worker: string): string {
  return `${WORKERS}${workerPart(worker)}/`
}

export const WORKERS = 'v1/workers/'

/** A bundle, or the fence that ended the log there. */
export function slotName(boot: BootId, slot: number): string {
  return `${bootPrefix(boot)}${pad(slot, SLOT_DIGITS)}`
}

/** The slot that a name part stands for; undefined where it is none. */
export function slotOf(part: string): number | undefined {
  return /^\d{12}$/.test(part) ? Number(part) : undefined
}

/** What lies under this name, where it is what sessions are recovered from. */
export function recoverable(name: string): 'bundle' | 'snapshot' | undefined {
  const parts = name.split('/')
  const last = parts.at(-1) ?? ''
  if (name.startsWith(WORKERS)) return slotOf(last) === undefined ? undefined : 'bundle'
  if (!name.startsWith(SESSIONS)) return undefined
  return parts.length === 5 && epochOf(parts[3] ?? '') !== undefined ? 'snapshot' : undefined
}

export function lowName(boot: BootId): string {
  return `${bootPrefix(boot)}low`
}

export function wantName(boot: BootId): string {
  return `${bootPrefix(boot)}want`
}

export const KEYRING_NAME = 'v1/keyring'

/**
 * Earlier and present versions of the keyring lie under this prefix. Beside the keyring, not below
 * it: some stores allow no object under another object's name.
 */
export const KEYRING_VERSIONS = 'v1/keyrings/'

export function keyringVersionName(version: number): string {
  return `${KEYRING_VERSIONS}${pad(version, EPOCH_DIGITS)}`
}

/** A snapshot's id as people type it. */
export function backupId(ref: { epoch: number; seq: number }): string {
  return `${ref.epoch}-${ref.seq}`
}

/** Stores hold parts of up to 200 bytes. */
const LONGEST_PART = 150

/**
 * A worker's name as one name part: every byte outside `[A-Za-z0-9._@-]`, and a leading dot,
 * becomes `+XX`; a long name ends in its hash. Different names stay different.
 */
export function workerPart(worker: string): string {
  let part = ''
  for (const byte of Buffer.from(worker, 'utf8')) {
    const char = String.fromCharCode(byte)
    const plain = /[A-Za-z0-9_@-]/.test(char) || (char === '.' && part !== '')
    part += plain ? char : `+${byte.toString(16).padStart(2, '0')}`
  }
  if (part === '') return '+'
  if (part.length <= LONGEST_PART) return part
  const hash = createHash('sha256').update(worker).digest('hex')
  return `${part.slice(0, LONGEST_PART - hash.length)}+h${hash}`
}

/** The name that `workerPart` made a part of; undefined where it was too long to be kept whole. */
export function workerOf(part: string): string | undefined {
  const plain = part === '+' ? '' : part
  if (plain.includes('+h')) return undefined
  const bytes = [...plain.matchAll(/\+([0-9a-f]{2})|[^+]/g)].map(([char, hex]) =>
    hex === undefined ? char.charCodeAt(0) : Number.parseInt(hex, 16),
  )
  const worker = Buffer.from(bytes).toString('utf8')
  return workerPart(worker) === part ? worker : undefined
}

/** The epoch that a name part below a session's prefix stands for; undefined where it is none. */
export function epochOf(part: string): number | undefined {
  return /^\d{10}$/.test(part) ? Number(part) : undefined
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
