import type { JournalEntry, ShippedEnd } from '../../authstate/port.ts'
import type { Held, ReplicaContext } from '../context.ts'
import { encodeBundle, type LogEntry } from './bundle.ts'

/** A bundle, frozen until the store has said what became of it. */
export interface InFlight {
  slot: number
  writeId: string
  bytes: Uint8Array
  ends: (ShippedEnd & { bytes: number; held: Held })[]
  /** There was no room for all that is there. */
  full: boolean
  /** Settled when the outcome is known and written down, or never will be. */
  done: PromiseWithResolvers<void>
}

export interface GatherContext extends Pick<
  ReplicaContext,
  'auth' | 'clock' | 'held' | 'newWriteId' | 'sealer' | 'worker'
> {
  /** The session's durable changes that are not stored, up to so many bytes. */
  journal(sessionId: string, held: Held, room: number): Promise<JournalEntry[]>
}

/**
 * Takes the changes of the sessions in `dirty` that are held under this boot, and leaves those there
 * that have more. Undefined where there is nothing to ship.
 */
export async function gather(
  context: GatherContext,
  { boot, slot }: { boot: string; slot: number },
  dirty: Set<string>,
  bundleBytes: number,
): Promise<InFlight | undefined> {
  const { auth, worker, clock, newWriteId, sealer } = context
  const entries: LogEntry[] = []
  const ends: InFlight['ends'] = []
  let room = bundleBytes
  const sessions = new Set(dirty)
  dirty.clear()
  for (const sessionId of sessions) {
    const held = context.held.get(sessionId)
    if (held === undefined || held.boot !== boot || !held.complete) continue
    if (room <= 0) {
      dirty.add(sessionId)
      continue
    }
    const changes = await context.journal(sessionId, held, room)
    const last = changes.at(-1)
    if (last === undefined) continue
    const before = room
    for (const { seq, record } of changes) {
      entries.push({ session: sessionId, epoch: held.epoch, seq, record })
      room -= record.length
    }
    ends.push({ sessionId, seq: last.seq, hash: last.hash, bytes: before - room, held })
    if (last.seq < (auth.find(sessionId)?.seq ?? 0)) dirty.add(sessionId)
  }
  if (entries.length === 0) return undefined
  const writeId = newWriteId()
  const bundle = { writeId, worker, boot, slot, at: clock.wall(), entries }
  const bytes = await encodeBundle(sealer, bundle)
  return { slot, writeId, bytes, ends, full: room <= 0, done: Promise.withResolvers() }
}
