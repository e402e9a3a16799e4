import type { ErrorJson } from '../session/errors.ts'

import type { DatabaseOptions } from './database.ts'
import type { SessionHead } from './heads.ts'
import type { Boot } from './meta.ts'
import type { BaseTag } from './port.ts'

/** What the writing thread can do; `n` is the session's number. Byte arrays own their buffers. */
export type WriterOp =
  | { kind: 'change'; n: number; record: Uint8Array }
  | { kind: 'create'; head: SessionHead; record: Uint8Array }
  /** `body`: all entries as record.ts packs writes. */
  | { kind: 'install'; head: SessionHead; body: Uint8Array }
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

export type ToThread = { kind: 'batch'; ops: WriterOp[] } | { kind: 'close' }

export type FromThread =
  | { kind: 'ready'; boot: string; boots: Boot[]; heads: SessionHead[] }
  /** The batch is durable; `heads` are the rows that it changed. */
  | { kind: 'committed'; heads: SessionHead[] }
  | { kind: 'closed' }
  /** Nothing of the batch is to be relied on, and nothing more is written. */
  | { kind: 'failed'; error: ErrorJson; cause: string }

/** workerData of the thread. */
export type ThreadOptions = DatabaseOptions
