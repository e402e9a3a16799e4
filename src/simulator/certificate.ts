import { Curve, proto, type KeyPair } from '@whiskeysockets/baileys'

const DAY_SECONDS = 86_400
const { Details } = proto.CertChain.NoiseCertificate

/** What the server shows in a handshake: a leaf for its static key, signed through to a root. */
export interface CertificateChain {
  /** The root's public key, 32 bytes in hex: what a client has to trust. */
  rootHex: string
  static: KeyPair
  /** The encoded `CertChain`, sent encrypted in the server's hello. */
  payload: Buffer
}

/**
 * Makes root, intermediate and leaf. Two signatures in JavaScript, so about 30 ms: make one and
 * share it between connections.
 */
export function createChain(root: KeyPair = Curve.generateKeyPair()): CertificateChain {
  const intermediate = Curve.generateKeyPair()
  const leaf = Curve.generateKeyPair()
  return {
    rootHex: Buffer.from(root.public).toString('hex'),
    static: leaf,
    payload: Buffer.from(
      proto.CertChain.encode({
        intermediate: certificate({ serial: 1, issuerSerial: 0, key: intermediate, signer: root }),
        leaf: certificate({ serial: 2, issuerSerial: 1, key: leaf, signer: intermediate }),
      }).finish(),
    ),
  }
}

function certificate(of: { serial: number; issuerSerial: number; key: KeyPair; signer: KeyPair }): {
  details: Uint8Array
  signature: Uint8Array
} {
  const seconds = Math.floor(Date.now() / 1000)
  const details = Details.encode({
    serial: of.serial,
    issuerSerial: of.issuerSerial,
    key: of.key.public,
    notBefore: seconds - DAY_SECONDS,
    notAfter: seconds + 365 * DAY_SECONDS,
  }).finish()
  return { details, signature: Curve.sign(of.signer.private, details) }
}
