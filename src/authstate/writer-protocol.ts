import type { ErrorJson } from '../session/errors.ts'

import type { DatabaseOptions } from './database.ts'
import type { SessionHead } from './heads.ts'
import type { Boot } from './meta.ts'
import type { BaseTag } from './port.ts'

/** What the writing thread can do; `n` is the session's number. Byte arrays own their buffers. */
export type WriterOp =
  | { kind: 'change'; n: number; record: Uint8Array }
  | { kind: 'create'; head: SessionHead; record: Uint8Array<ArrayBuffer> }
  /** `body`: all entries as packed.ts packs them; `head` counts them, but has no digest yet. */
  | { kind: 'install'; head: SessionHead; body: Uint8Array<ArrayBuffer> }
  | { kind: 'tag'; n: number; tag: BaseTag; keep: boolean }
  | { kind: 'epoch'; n: number; epoch: number }
  | { kind: 'stored'; n: number; seq: number }
  /** A bundle that the object store confirmed; an end that is not of this history is passed over. */
  | {
      kind: 'shipped'
      boot: string
      slot: number
      ends: { n: number; seq: number; hash: string }[]
    }
  | { kind: 'remove'; n: number }
  | { kind: 'boot'; boot: Boot }
  /** Does nothing: it is durable when everything before it is. */
  | { kind: 'barrier' }

/** As op-packing.ts puts operations together. */
export type PackedOp =
  | Exclude<WriterOp, { kind: 'change' }>
  | { kind: 'changes'; changes: Uint8Array<ArrayBuffer> }

/** Changed heads as op-packing.ts puts them together. */
export interface PackedHeads {
  /** Those whose id or tags the main thread may not know. */
  whole: SessionHead[]
  numbers: Float64Array<ArrayBuffer>
  /** In hex. */
  hashes: string[]
}

/** A session whose image was found damaged when a change needed it: no change of it is taken. */
export interface DamagedSession {
  n: number
  error: ErrorJson
}

export type ToThread =
  /** Goes into the open transaction. */
  { kind: 'ops'; ops: PackedOp[] } | { kind: 'commit' } | { kind: 'close' }

export type FromThread =
  | { kind: 'ready'; boot: string; boots: Boot[]; heads: SessionHead[] }
  /**
   * Everything before the `commit` is durable but the changes of sessions in `damaged`; `heads` are
   * the rows that it changed.
   */
  | { kind: 'committed'; heads: PackedHeads; damaged: DamagedSession[] }
  | { kind: 'closed' }
  /** Nothing of the transaction is to be relied on, and nothing more is written. */
  | { kind: 'failed'; error: ErrorJson; cause: string }

/** workerData of the thread. */
export type ThreadOptions = DatabaseOptions
