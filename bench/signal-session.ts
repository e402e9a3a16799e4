import { randomBytes } from 'node:crypto'

interface Chain {
  /** As libsignal numbers them: 1 sends, 2 receives. */
  type: 1 | 2
  /** Messages that were skipped, whose keys are kept. */
  skipped: number
}

/** A Signal session with one contact, as libsignal writes it: 1.2 KB of JSON with three chains. */
export function signalSession(chains: readonly Chain[]): Uint8Array {
  const baseKey = base64(33)
  const session = {
    registrationId: 12_345,
    currentRatchet: {
      ephemeralKeyPair: { pubKey: base64(33), privKey: base64(32) },
      lastRemoteEphemeralKey: base64(33),
      previousCounter: 2,
      rootKey: base64(32),
    },
    indexInfo: {
      baseKey,
      baseKeyType: 2,
      closed: -1,
      used: 1_763_900_000_000,
      created: 1_763_800_000_000,
      remoteIdentityKey: base64(33),
    },
    _chains: Object.fromEntries(chains.map((chain) => [base64(33), chainOf(chain)])),
  }
  // Baileys' types say bytes; libsignal gives its record as an object.
  const record: unknown = { _sessions: { [baseKey]: session }, version: 'v1' }
  return record as Uint8Array
}

function chainOf({ type, skipped }: Chain): object {
  const messageKeys = Array.from({ length: skipped }, (_, n) => [n + 1, base64(32)])
  return {
    chainKey: { counter: 3, key: base64(32) },
    chainType: type,
    messageKeys: Object.fromEntries(messageKeys),
  }
}

function base64(bytes: number): string {
  return randomBytes(bytes).toString('base64')
}
