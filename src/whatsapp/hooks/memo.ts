import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import {
  DEFAULT_CONNECTION_CONFIG,
  jidNormalizedUser,
  type BinaryNode,
  type SignalDataSet,
  type SignalKeyStore,
  type SignalKeyStoreWithTransaction,
  type SocketConfig,
} from '@whiskeysockets/baileys'
import { MEMO_TYPE } from '../../session/own-type.ts'
import { Arrivals } from './arrivals.ts'
import { MemoRing } from './memo-ring.ts'
import { splitTransactions } from './split.ts'

/*
 * A message that was decrypted and stored, but whose receipt did not reach WhatsApp, comes again.
 * Its ratchet step can't be made twice, so Baileys would refuse it and it would be lost. Here the
 * plaintext is stored in the same change as the step, and what comes again is answered from there.
 */

type MakeRepository = SocketConfig['makeSignalRepository']
type Repository = ReturnType<MakeRepository>

/** A message was decrypted, now or earlier; its receipt is handed over after this has returned. */
export type OnDecrypted = (stanza: BinaryNode, plaintext: Uint8Array) => void

interface Ciphertext {
  /** As Baileys calls the sender, in this group where it is one. */
  sender: string
  /** `pkmsg`, `msg` or `skmsg`. */
  type: string
  bytes: Uint8Array
}

/** What a transaction that decrypts has to remember. */
interface Wanted {
  digest: string
  /** Baileys' name of the transaction, since others run inside a decryption too. */
  label: string
}

/** Messages whose receipt was not heard of; more are forgotten, and stay in the ring. */
const AWAITED = 2_048

/** Signal transactions over one key store that remember what they decrypted. */
class RememberingKeys {
  readonly ring: MemoRing
  readonly transactions: SignalKeyStoreWithTransaction
  readonly #wanted = new AsyncLocalStorage<Wanted>()

  constructor(keys: SignalKeyStore) {
    this.ring = new MemoRing(keys)
    const split = splitTransactions({
      get: (type, ids) => keys.get(type, ids),
      set: (changes) => keys.set(this.#placed(changes)),
    })
    this.transactions = {
      ...split,
      transaction: (work, label) => {
        const wanted = this.#wanted.getStore()
        if (wanted?.label !== label || split.isInTransaction()) {
          return split.transaction(work, label)
        }
        return split.transaction(() => this.#once(split, wanted, work), label)
      },
    }
  }

  decrypting<T>(wanted: Wanted, work: () => Promise<T>): Promise<T> {
    return this.#wanted.run(wanted, work)
  }

  /** The same message may have waited for this transaction's lock while it was decrypted. */
  async #once<T>(split: SignalKeyStore, { digest }: Wanted, work: () => Promise<T>): Promise<T> {
    const known = await this.ring.find(digest)
    if (known !== undefined) return known as T
    const plaintext = await work()
    if (plaintext instanceof Uint8Array) {
      await split.set({ [MEMO_TYPE]: { [digest]: plaintext } } as SignalDataSet)
    }
    return plaintext
  }

  /** Gives the plaintexts of a change their slots, in the order in which changes are made. */
  #placed(changes: SignalDataSet): SignalDataSet {
    const { [MEMO_TYPE]: plaintexts, ...rest } = changes as SignalDataSet & {
      [MEMO_TYPE]?: Record<string, Uint8Array>
    }
    if (plaintexts === undefined) return changes
    return { ...rest, [MEMO_TYPE]: this.ring.remember(plaintexts) } as SignalDataSet
  }
}

/** One a key store, so that a socket knows what the one before it decrypted. */
const perKeyStore = new WeakMap<SignalKeyStore, RememberingKeys>()

/**
 * Decrypts each message once. Delivery to the application is at least once: a message that comes
 * again after a crash is handed over again, as nobody can know whether it was heard before.
 */
export class Memo {
  readonly #arrivals = new Arrivals()
  readonly #keys: RememberingKeys
  readonly #onDecrypted: OnDecrypted
  /** By message id: the stanzas that were decrypted and whose receipt is under way. */
  readonly #awaited = new Map<string, { stanza: BinaryNode; digests: Set<string> }[]>()

  constructor(keys: SignalKeyStore, onDecrypted: OnDecrypted) {
    const known = perKeyStore.get(keys) ?? new RememberingKeys(keys)
    perKeyStore.set(keys, known)
    this.#keys = known
    this.#onDecrypted = onDecrypted
  }

  /** For `makeWASocket`. */
  readonly makeRepository: MakeRepository = ({ creds }, logger, pnToLid) => {
    const repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
      { creds, keys: this.#keys.transactions },
      logger,
      pnToLid,
    )
    const decrypts = { ...repository }
    return Object.assign(repository, {
      decryptMessage: (message) =>
        this.#decrypt(
          { sender: message.jid, type: message.type, bytes: message.ciphertext },
          message.jid,
          () => decrypts.decryptMessage(message),
        ),
      decryptGroupMessage: (message) =>
        this.#decrypt(
          { sender: `${message.group} ${message.authorJid}`, type: 'skmsg', bytes: message.msg },
          message.group,
          () => decrypts.decryptGroupMessage(message),
        ),
    } satisfies Partial<Repository>)
  }

  /** Follows the socket that was made with this repository (`sock.ws`). */
  watch(client: EventEmitter): void {
    this.#arrivals.watch(client)
    client.on('CB:ack,class:receipt', (ack: BinaryNode) => this.#receiptArrived(ack))
  }

  async #decrypt(
    ciphertext: Ciphertext,
    label: string,
    work: () => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const stanza = this.#arrivals.stanzaOf(ciphertext.bytes)
    const digest = digestOf(ciphertext, stanza)
    const plaintext =
      (await this.#keys.ring.find(digest)) ?? (await this.#keys.decrypting({ digest, label }, work))
    if (stanza !== undefined) {
      this.#await(stanza, digest)
      this.#onDecrypted(stanza, plaintext)
    }
    return plaintext
  }

  #await(stanza: BinaryNode, digest: string): void {
    const { id = '' } = stanza.attrs
    const sameId = this.#awaited.get(id) ?? []
    const known = sameId.find((each) => senderOf(each.stanza) === senderOf(stanza))
    if (known === undefined) sameId.push({ stanza, digests: new Set([digest]) })
    else known.digests.add(digest)
    this.#awaited.set(id, sameId)
    const oldest = this.#awaited.size > AWAITED ? this.#awaited.keys().next().value : undefined
    if (oldest !== undefined) this.#awaited.delete(oldest)
  }

  /** Anybody may choose an id that somebody else used: then the sender has to be right as well. */
  #receiptArrived({ attrs }: BinaryNode): void {
    const { id = '', from } = attrs
    const sameId = this.#awaited.get(id) ?? []
    const meant = (each: { stanza: BinaryNode }) =>
      sameId.length === 1 ||
      jidNormalizedUser(each.stanza.attrs['from']) === jidNormalizedUser(from)
    for (const each of sameId.filter(meant)) {
      for (const digest of each.digests) this.#keys.ring.free(digest)
    }
    const others = sameId.filter((each) => !meant(each))
    if (others.length > 0) this.#awaited.set(id, others)
    else this.#awaited.delete(id)
  }
}

function senderOf({ attrs }: BinaryNode): string {
  return `${attrs['from'] ?? ''} ${attrs['participant'] ?? ''}`
}

/**
 * Baileys' name for a sender changes when it learns the sender's other id between two deliveries;
 * the stanza that comes again is the same.
 */
function digestOf({ sender, type, bytes }: Ciphertext, stanza: BinaryNode | undefined): string {
  const from = stanza === undefined ? sender : senderOf(stanza)
  return createHash('sha256').update(`${from}\n${type}\n`).update(bytes).digest('base64url')
}
