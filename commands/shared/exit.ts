import { cause } from '../../src/session/cause.ts'
import { EXIT } from '../../src/session/errors.ts'
import type { RecoveryResult } from '../../src/session/report.ts'

/** Thrown by a command that has told everything and ends with another status than 0. */
export class ExitStatus extends Error {
  readonly status: number

  constructor(status: number) {
    super(`exit status ${status}`)
    this.name = 'ExitStatus'
    this.status = status
  }
}

/**
 * 0 when none failed, 3 when some did; when all did, the status that their causes share, or 1. Where
 * others own all of them, nothing failed, but nothing was recovered either.
 */
export function exitOfRecovery(results: readonly RecoveryResult[]): number {
  const failed = results.filter((result) => result.outcome === 'failed')
  if (failed.length === 0) {
    const elsewhere = results.filter((result) => result.cause === 'owned-elsewhere')
    return elsewhere.length > 0 && elsewhere.length === results.length ? EXIT.busy : EXIT.ok
  }
  if (failed.length < results.length) return EXIT.partial
  const statuses = new Set(failed.map((r) => (r.cause ? cause(r.cause).exit : EXIT.failed)))
  const [only = EXIT.failed] = statuses
  return statuses.size === 1 ? only : EXIT.failed
}

/** 0 when all were stored, 3 when some were, 1 when none was. */
export function exitOfStored(results: readonly { stored: boolean }[]): number {
  const stored = results.filter((result) => result.stored).length
  if (stored === results.length) return EXIT.ok
  return stored > 0 ? EXIT.partial : EXIT.failed
}

/** Damage outweighs what could not be read: 3 when that was some of it, 1 when it was all. */
export function exitOfVerified(summary: {
  sessions: number
  parts: number
  damaged: number
  unread: number
}): number {
  const { sessions, parts, damaged, unread } = summary
  if (damaged > 0) return EXIT.integrity
  if (unread === 0) return EXIT.ok
  return unread < sessions + parts ? EXIT.partial : EXIT.failed
}

/**
 * What others wrote at the destination is a refusal, unless what was brought back was to leave it
 * alone; 3 when some failed, 1 when all did.
 */
export function exitOfCopy(
  summary: { sessions: number; used: number; newer: number; failed: number },
  direction: 'to' | 'from',
): number {
  const { sessions, used, newer, failed } = summary
  if (direction === 'to' && used + newer > 0) return EXIT.stale
  if (failed > 0) return failed < sessions ? EXIT.partial : EXIT.failed
  return EXIT.ok
}

/** 0 when all are where they belong, 3 when some are; when none is, 11 for damage alone, else 1. */
export function exitOfMoved(
  results: readonly { outcome: string; why?: string | undefined }[],
): number {
  const left = results.filter(({ outcome }) => outcome === 'skipped' || outcome === 'failed')
  if (left.length === 0) return EXIT.ok
  if (left.length < results.length) return EXIT.partial
  return left.every(({ why }) => why === 'damaged') ? EXIT.integrity : EXIT.failed
}

/**
 * 3 when some failed, 1 when all did; 9 when others own all those that were named, which is no matter
 * where everything was meant.
 */
export function exitOfPruned(
  { sessions, skipped, failed }: { sessions: number; skipped: number; failed: number },
  named: readonly string[] | undefined,
): number {
  if (failed > 0) return failed < sessions ? EXIT.partial : EXIT.failed
  if (named === undefined || skipped === 0) return EXIT.ok
  return skipped < sessions ? EXIT.partial : EXIT.busy
}

/** Ends the command with this status, unless it is 0. */
export function exitWith(status: number): void {
  if (status !== EXIT.ok) throw new ExitStatus(status)
}
