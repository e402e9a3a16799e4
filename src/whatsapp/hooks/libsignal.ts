import { createRequire } from 'node:module'

/**
 * The parts of libsignal that the hooks reach into, found the way Baileys finds them, so that the
 * same module instances are changed. None of it is public API: self-test.ts proves at start that
 * each still behaves as the hooks need.
 */
export interface CurveJs {
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array
  generateKeyPair(seed: Uint8Array): { public: Uint8Array; private: Uint8Array }
}

/** Whom a cipher or builder is about, and where it finds what it needs. */
interface Peer {
  addr: { id: string; toString(): string }
  storage: Record<string, unknown>
}

interface SessionCipherClass {
  prototype: Peer & { queueJob(job: () => Promise<unknown>): Promise<unknown> }
}

interface SessionBuilderClass {
  prototype: Peer & { initOutgoing(device: unknown): Promise<void> }
}

interface LibSignal {
  SessionCipher: SessionCipherClass
  SessionBuilder: SessionBuilderClass
}

const fromHere = createRequire(import.meta.url)
const fromBaileys = createRequire(fromHere.resolve('@whiskeysockets/baileys'))
const curvePath = fromBaileys.resolve('libsignal/src/curve.js')

export const libsignal = fromBaileys('libsignal') as LibSignal
export const curveJs = createRequire(curvePath)('curve25519-js') as CurveJs
/** libsignal's own curve module, which calls `curveJs.verify` through its exports object. */
export const curve = fromBaileys(curvePath) as {
  verifySignature(key: Buffer, message: Buffer, signature: Buffer): boolean
}
