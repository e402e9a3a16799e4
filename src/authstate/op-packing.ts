import type { SessionHead } from './heads.ts'
import type { PackedHeads, PackedOp, WriterOp } from './writer-protocol.ts'

/**
 * What crosses between the threads, put together, so that no object and no buffer is cloned for
 * every single change. Changes that follow on each other share one buffer,
 * which changes hands:
 *
 *   session's number (4 bytes, little-endian) | length of the record (4) | record, and so on
 */
const PREFIX = 8

type Change = Extract<WriterOp, { kind: 'change' }>

/** The operations in their order, and the buffers to transfer. */
export function packOps(ops: readonly WriterOp[]): { ops: PackedOp[]; transfer: ArrayBuffer[] } {
  const packed: PackedOp[] = []
  const transfer: ArrayBuffer[] = []
  let run: Change[] = []
  const endRun = () => {
    if (run.length === 0) return
    const changes = packChanges(run)
    packed.push({ kind: 'changes', changes })
    transfer.push(changes.buffer)
    run = []
  }
  for (const op of ops) {
    if (op.kind === 'change') {
      run.push(op)
      continue
    }
    endRun()
    packed.push(op)
    if (op.kind === 'install') transfer.push(op.body.buffer)
    if (op.kind === 'create') transfer.push(op.record.buffer)
  }
  endRun()
  return { ops: packed, transfer }
}

function packChanges(run: readonly Change[]): Uint8Array<ArrayBuffer> {
  const length = run.reduce((sum, { record }) => sum + PREFIX + record.length, 0)
  const bytes = Buffer.allocUnsafeSlow(length)
  let at = 0
  for (const { n, record } of run) {
    bytes.writeUInt32LE(n, at)
    bytes.writeUInt32LE(record.length, at + 4)
    bytes.set(record, at + PREFIX)
    at += PREFIX + record.length
  }
  return bytes
}

/** The inverse of packOps; records are views on the buffers that came over. */
export function* unpackOps(packed: readonly PackedOp[]): Generator<WriterOp> {
  for (const op of packed) {
    if (op.kind === 'changes') yield* unpackChanges(op.changes)
    else yield op
  }
}

function* unpackChanges({
  buffer,
  byteOffset,
  length,
}: Uint8Array<ArrayBuffer>): Generator<Change> {
  const bytes = Buffer.from(buffer, byteOffset, length)
  for (let at = 0; at < length;) {
    const end = at + PREFIX + bytes.readUInt32LE(at + 4)
    yield { kind: 'change', n: bytes.readUInt32LE(at), record: bytes.subarray(at + PREFIX, end) }
    at = end
  }
}

/** Numbers of a head, in the order in which they lie in PackedHeads. */
const NUMBERS = 10

/** `whole`: the heads of which more than numbers and hash may have changed. */
export function packHeads(
  heads: ReadonlySet<SessionHead>,
  whole: ReadonlySet<SessionHead>,
): PackedHeads {
  const numbers = new Float64Array(heads.size * NUMBERS)
  const hashes: string[] = []
  for (const head of heads) {
    const { n, seq, storedSeq, confirmedEpoch, paired, keys, digest, backlogBytes, image } = head
    const at = hashes.length * NUMBERS
    numbers[at] = n
    numbers[at + 1] = seq
    numbers[at + 2] = storedSeq
    numbers[at + 3] = confirmedEpoch
    numbers[at + 4] = Number(paired)
    numbers[at + 5] = keys
    numbers[at + 6] = digest
    numbers[at + 7] = backlogBytes
    numbers[at + 8] = Number(image)
    numbers[at + 9] = head.changedAt
    hashes.push(head.hash)
  }
  return { whole: [...whole], numbers, hashes }
}

/** The heads as they are now. `known` are those of before, by number, and is brought up to date. */
export function unpackHeads(packed: PackedHeads, known: Map<number, SessionHead>): SessionHead[] {
  const { whole, numbers, hashes } = packed
  for (const head of whole) known.set(head.n, head)
  return hashes.map((hash, i) => {
    const at = i * NUMBERS
    const number = (index: number): number => numbers[at + index] ?? 0
    const n = number(0)
    const before = known.get(n)
    if (before === undefined) throw new TypeError(`no session has number ${n}`)
    const head = {
      n,
      sessionId: before.sessionId,
      seq: number(1),
      hash,
      storedSeq: number(2),
      confirmedEpoch: number(3),
      paired: number(4) === 1,
      keys: number(5),
      digest: number(6),
      tags: before.tags,
      backlogBytes: number(7),
      image: number(8) === 1,
      changedAt: number(9),
    }
    known.set(n, head)
    return head
  })
}
