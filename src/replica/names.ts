import { createHash } from 'node:crypto'
import { assertSessionId } from '../session/ids.ts'

/**
 * Where things lie in the object store (docs/ARCHITECTURE.md, the protocol). Numbers are padded so
 * that a listing sorts by epoch, then seq.
 */
const EPOCH_DIGITS = 10
const SEQ_DIGITS = 16

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

export function aliveName(worker: string, boot: string): string {
  return `v1/workers/${workerPart(worker)}/${boot}/alive`
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

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
