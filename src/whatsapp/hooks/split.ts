import {
  addTransactionCapability,
  type SignalKeyStore,
  type SignalKeyStoreWithTransaction,
  type TransactionCapabilityOptions,
} from '@whiskeysockets/baileys'
import { silentLogger } from '../logger.ts'

/*
 * Stock Baileys encrypts inside one long transaction and sends before it commits: the ciphertext
 * leaves first, its ratchet step is stored afterwards, and a crash between the two reuses message
 * keys. A second transaction instance has its own async context, so that encrypt and decrypt
 * become transactions of their own whose change is made before they return; the gate keeps what
 * rests on it until it is stored.
 */

/** A failed write is final for the auth store (it seals itself), so repeating it is pointless. */
export const TRANSACTIONS: TransactionCapabilityOptions = {
  maxCommitRetries: 1,
  delayBetweenTriesMs: 0,
}

const perKeyStore = new WeakMap<SignalKeyStore, SignalKeyStoreWithTransaction>()

/**
 * Transactions that make their change before they return. One instance a key store, so that its per-contact
 * locks also hold between a closing socket and the one that follows it.
 */
export function splitTransactions(keys: SignalKeyStore): SignalKeyStoreWithTransaction {
  const split = perKeyStore.get(keys) ?? addTransactionCapability(keys, silentLogger, TRANSACTIONS)
  perKeyStore.set(keys, split)
  return split
}
