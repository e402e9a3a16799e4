import { hkdfSync } from 'node:crypto'
import {
  Curve,
  aesDecryptGCM,
  aesEncryptGCM,
  proto,
  sha256,
  type KeyPair,
} from '@whiskeysockets/baileys'
import type { CertificateChain } from './certificate.ts'

const MODE = Buffer.from('Noise_XX_25519_AESGCM_SHA256\0\0\0\0')
const EMPTY = Buffer.alloc(0)

/**
 * The server's half of Noise XX: clientHello -> `hello()`, clientFinish -> `finish()`, then the
 * transport. Every step mixes what was sent into one hash, so the order of calls is fixed.
 */
export class ServerHandshake {
  readonly #chain: CertificateChain
  readonly #ephemeral: KeyPair = Curve.generateKeyPair()
  #hash: Buffer = MODE
  #salt: Buffer = MODE
  #key: Buffer = MODE
  #counter = 0

  constructor(header: Uint8Array, chain: CertificateChain) {
    this.#chain = chain
    this.#mixHash(header)
  }

  /** Takes a clientHello's message and returns the serverHello's. */
  hello(message: Uint8Array): Uint8Array {
    const { ephemeral } = required(proto.HandshakeMessage.decode(message).clientHello)
    const client = required(ephemeral)
    this.#mixHash(client)
    this.#mixHash(this.#ephemeral.public)
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, client))
    const encryptedStatic = this.#encrypt(this.#chain.static.public)
    this.#mixKey(Curve.sharedKey(this.#chain.static.private, client))
    const payload = this.#encrypt(this.#chain.payload)
    return proto.HandshakeMessage.encode({
      serverHello: { ephemeral: this.#ephemeral.public, static: encryptedStatic, payload },
    }).finish()
  }

  /** Takes a clientFinish's message; throws when it was not made for this handshake. */
  finish(message: Uint8Array): {
    clientStatic: Buffer
    payload: proto.ClientPayload
    transport: Transport
  } {
    const finish = required(proto.HandshakeMessage.decode(message).clientFinish)
    const clientStatic = this.#decrypt(required(finish.static))
    this.#mixKey(Curve.sharedKey(this.#ephemeral.private, clientStatic))
    const payload = proto.ClientPayload.decode(this.#decrypt(required(finish.payload)))
    const [fromClient, toClient] = this.#derive(EMPTY)
    return { clientStatic, payload, transport: new Transport(toClient, fromClient) }
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = sha256(Buffer.concat([this.#hash, data]))
  }

  #derive(secret: Uint8Array): [Buffer, Buffer] {
    const derived = Buffer.from(hkdfSync('sha256', secret, this.#salt, EMPTY, 64))
    return [derived.subarray(0, 32), derived.subarray(32)]
  }

  #mixKey(secret: Uint8Array): void {
    ;[this.#salt, this.#key] = this.#derive(secret)
    this.#counter = 0
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = aesEncryptGCM(plain, this.#key, nonce(this.#counter++), this.#hash)
    this.#mixHash(sealed)
    return sealed
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plain = aesDecryptGCM(sealed, this.#key, nonce(this.#counter++), this.#hash)
    this.#mixHash(sealed)
    return plain
  }
}

/** What follows the handshake: one AES-GCM key and one counter for each direction. */
export class Transport {
  readonly #outKey: Buffer
  readonly #inKey: Buffer
  #sent = 0
  #received = 0

  constructor(outKey: Buffer, inKey: Buffer) {
    this.#outKey = outKey
    this.#inKey = inKey
  }

  encrypt(plain: Uint8Array): Buffer {
    return aesEncryptGCM(plain, this.#outKey, nonce(this.#sent++), EMPTY)
  }

  decrypt(sealed: Uint8Array): Buffer {
    return aesDecryptGCM(sealed, this.#inKey, nonce(this.#received++), EMPTY)
  }
}

function nonce(counter: number): Buffer {
  const iv = Buffer.alloc(12)
  iv.writeUInt32BE(counter, 8)
  return iv
}

function required<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('a handshake message lacks a part')
  return value
}
