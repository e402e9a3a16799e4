import { openOrCreateKeyring } from '../../src/replica/crypto/create.ts'
import { keyEncryptionKey, type NamedKey } from '../../src/replica/crypto/key.ts'
import type { Keyring, SeenVersions } from '../../src/replica/crypto/keyring.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { VirtualClock } from './virtual-clock.ts'

/** What one host remembers, in memory. */
export class SeenInMemory implements SeenVersions {
  readonly versions = new Map<string, number>()

  get(ringId: string): number {
    return this.versions.get(ringId) ?? 0
  }

  set(ringId: string, version: number): void {
    this.versions.set(ringId, version)
  }
}

/** A key-encryption key of 32 bytes that begin with `first`. */
export function kekOf(first: number): NamedKey {
  return keyEncryptionKey(Uint8Array.from({ length: 32 }, (_, i) => (first + i * 7) & 255))
}

interface OpenOptions {
  keks?: readonly [NamedKey, ...NamedKey[]]
  seen?: SeenVersions
  clock?: VirtualClock
  acceptPlaintext?: boolean
  onFailure?: (error: unknown) => void
}

/** A worker's view of the store's keyring. */
export function openKeyring(store: ObjectStore, options: OpenOptions = {}): Promise<Keyring> {
  const { acceptPlaintext = false, ...rest } = options
  const own = { keks: [kekOf(1)] as const, seen: new SeenInMemory(), clock: new VirtualClock() }
  return openOrCreateKeyring({ store, ...own, ...rest }, acceptPlaintext)
}
