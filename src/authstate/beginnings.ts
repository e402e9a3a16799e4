import type { AuthenticationCreds } from '@whiskeysockets/baileys'

import { ADOPTED_TYPE } from '../session/own-type.ts'

import { adoptionMark } from './adopted.ts'
import { GENESIS_HASH } from './chain.ts'
import { encodeValue } from './codec.ts'
import { decodeCreds, isPaired } from './creds.ts'
import { packEntriesPlain } from './packed.ts'
import type { BaseTag, Entry, SessionImage } from './port.ts'
import type { Reader } from './reader.ts'
import { encodeRecord } from './record.ts'
import type { Sessions } from './sessions.ts'
import type { Writer } from './writer.ts'

/** Where a session's numbers go on from. */
interface Base {
  seq: number
  hash: string
}

const NOTHING: Base = { seq: 0, hash: GENESIS_HASH }

/** The ways in which a session comes to this disk: created, moved in, restored. */
export class Beginnings {
  readonly #sessions: Sessions
  readonly #writer: Writer
  readonly #reader: Reader
  /** Milliseconds since the epoch. */
  readonly #now: () => number

  constructor(
    sessions: Sessions,
    { writer, reader, now }: { writer: Writer; reader: Reader; now: () => number },
  ) {
    this.#sessions = sessions
    this.#writer = writer
    this.#reader = reader
    this.#now = now
  }

  async create(sessionId: string, creds: AuthenticationCreds, base: Base = NOTHING): Promise<void> {
    const value = encodeValue(creds)
    await this.#createWith(sessionId, [{ type: 'creds', id: '', value }], base)
  }

  async adopt(sessionId: string, entries: readonly Entry[], base: Base = NOTHING): Promise<void> {
    const others = entries.filter(({ type }) => type !== ADOPTED_TYPE)
    await this.#createWith(sessionId, [...others, adoptionMark(entries)], base)
  }

  async install(image: SessionImage, tag: BaseTag): Promise<void> {
    const { sessionId, seq, hash, changedAt, entries } = image
    const creds = entries.find((entry) => entry.type === 'creds' && entry.id === '')
    decodeCreds(sessionId, creds?.value)
    const paired = creds !== undefined && isPaired(creds.value)
    const keys = entries.filter(({ type }) => type !== 'creds').length
    // A copy, since it changes hands: the caller keeps what is his.
    const { packed } = image
    const body = packed === undefined ? packEntriesPlain(entries) : new Uint8Array(packed)
    await this.#sessions.begin(sessionId, async (head) => {
      const at = { ...head, seq, hash, changedAt, storedSeq: seq, tags: [tag], paired, keys }
      await this.#writer.submit({ kind: 'install', head: at, body }, body.length)
      this.#reader.keep(head.n, entries)
    })
  }

  async #createWith(sessionId: string, writes: readonly Entry[], base: Base): Promise<void> {
    decodeCreds(sessionId, writes.find(({ type, id }) => type === 'creds' && id === '')?.value)
    await this.#sessions.begin(sessionId, (head) => {
      const previous = Buffer.from(base.hash, 'hex')
      const { record } = encodeRecord(base.seq + 1, previous, writes, this.#now())
      const at = { ...head, seq: base.seq, hash: base.hash, storedSeq: base.seq }
      return this.#writer.submit({ kind: 'create', head: at, record }, record.length)
    })
  }
}
