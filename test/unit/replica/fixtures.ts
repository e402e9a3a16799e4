import type { SessionImage } from '../../../src/authstate/port.ts'
import type { OwnerRecord, SnapshotRef } from '../../../src/replica/owner.ts'

export const BOOT = 'b'.repeat(32)
export const OTHER_BOOT = 'c'.repeat(32)
export const STAMP = { writeId: 'w-new', at: 2_000 }

export function hashOf(seq: number): string {
  return seq.toString(16).padStart(64, 'f')
}

export function refOf(seq: number, more: Partial<SnapshotRef> = {}): SnapshotRef {
  const made = { createdAt: 1_000, changedAt: 1_000, position: 0, trigger: 'interval' } as const
  const fixed = { size: 100, keys: 1, ...made }
  return { epoch: 3, seq, hash: hashOf(seq), ...fixed, ...more }
}

export function recordOf(more: Partial<OwnerRecord> = {}): OwnerRecord {
  return {
    format: 2,
    session: 'shop',
    epoch: 3,
    worker: 'w1',
    boot: BOOT,
    ranges: [],
    past: { position: 0, ranges: [] },
    origin: { epoch: 1, seq: 0, hash: '0'.repeat(64), at: 500, position: 0, fresh: true },
    origins: [],
    snapshot: refOf(10),
    kept: [refOf(7, { epoch: 2 })],
    seq: 10,
    hash: hashOf(10),
    changedAt: 1_000,
    released: false,
    removed: false,
    writeId: 'w-old',
    history: [{ epoch: 2, endSeq: 8, hash: hashOf(8) }],
    at: 1_000,
    ...more,
  }
}

/** A state of `keys` keys of about the sizes that an account has. */
export function imageOf(sessionId: string, seq: number, keys: number): SessionImage {
  const entries = [{ type: 'creds', id: '', value: Buffer.alloc(1_700, sessionId) }]
  for (let i = 0; i < keys; i++)
    entries.push({ type: 'session', id: `${i}.0`, value: Buffer.alloc(240, `${sessionId}${i}`) })
  return { sessionId, seq, hash: hashOf(seq), changedAt: 1_000, entries }
}
