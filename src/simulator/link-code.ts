import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { Curve, derivePairingCodeKey, type KeyPair } from '@whiskeysockets/baileys'
import { GatewayError } from '../session/errors.ts'
import type { Connection } from './connection.ts'
import { node, requireBytes, SERVER, stanzaTime, type Node } from './nodes.ts'
import type { PairingSecret } from './pairing.ts'
import type { LinkOffer, World } from './world.ts'

const BUNDLE_KEY_INFO = 'link_code_pairing_key_bundle_encryption_key'

/** Answers a client's half of pairing by code; undefined when the stanza is not part of it. */
export function answerLinkCode(
  world: World,
  connection: Connection,
  request: Node,
): Node[] | undefined {
  const user = String(request.attrs['jid']).split('@')[0] ?? ''
  if (request.attrs['stage'] === 'companion_hello') {
    const wrapped = requireBytes(request, 'link_code_pairing_wrapped_companion_ephemeral_pub')
    const ref = randomBytes(16)
    connection.linkUser = user
    world.links.set(user, { connection, ref, wrappedEphemeral: wrapped })
    world.changed.emit('link', user)
    return [
      node('link_code_companion_reg', { stage: 'companion_hello' }, [
        node('link_code_pairing_ref', {}, ref),
      ]),
    ]
  }
  if (request.attrs['stage'] === 'companion_finish') connection.finishLinkCode?.(request)
  return undefined
}

/**
 * The phone's half: proves to the client that the code was typed, and reads the client's answer.
 * Throws `usage` when the code was wrong, which only the answer shows.
 */
export async function exchangeCode(
  world: World,
  phone: KeyPair,
  offer: LinkOffer,
  code: string,
): Promise<PairingSecret> {
  const ephemeral = Curve.generateKeyPair()
  const companion = await unwrap(code, offer.wrappedEphemeral)
  const finish = new Promise<Node | undefined>((resolve) => {
    offer.connection.finishLinkCode = resolve
  })
  const attrs = { from: SERVER, type: 'link_code_companion_reg', id: world.stanzaId() }
  offer.connection.send(
    node('notification', { ...attrs, t: stanzaTime() }, [
      node('link_code_companion_reg', { stage: 'primary_hello' }, [
        node(
          'link_code_pairing_wrapped_primary_ephemeral_pub',
          {},
          await wrap(code, ephemeral.public),
        ),
        node('primary_identity_pub', {}, phone.public),
        node('link_code_pairing_ref', {}, offer.ref),
      ]),
    ]),
  )
  const answer = await finish
  if (answer === undefined) throw codeError('the client went away while the code was typed')
  const shared = Curve.sharedKey(ephemeral.private, companion)
  const identity = requireBytes(answer, 'companion_identity_public')
  const bundle = openBundle(shared, requireBytes(answer, 'link_code_pairing_wrapped_key_bundle'))
  const identityShared = Curve.sharedKey(phone.private, identity)
  const secret = Buffer.concat([shared, identityShared, bundle.subarray(64)])
  const adv = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), 'adv_secret', 32))
  return { adv, identity }
}

async function wrap(code: string, publicKey: Uint8Array): Promise<Buffer> {
  const salt = randomBytes(32)
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-ctr', await derivePairingCodeKey(code, salt), iv)
  return Buffer.concat([salt, iv, cipher.update(publicKey), cipher.final()])
}

async function unwrap(code: string, wrapped: Buffer): Promise<Buffer> {
  const key = await derivePairingCodeKey(code, wrapped.subarray(0, 32))
  const decipher = createDecipheriv('aes-256-ctr', key, wrapped.subarray(32, 48))
  return Buffer.concat([decipher.update(wrapped.subarray(48, 80)), decipher.final()])
}

function openBundle(shared: Buffer, wrapped: Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', shared, wrapped.subarray(0, 32), BUNDLE_KEY_INFO, 32))
  const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(32, 44))
  decipher.setAuthTag(wrapped.subarray(-16))
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(44, -16)), decipher.final()])
  } catch (cause) {
    throw codeError('the code is not the one that the client shows', cause)
  }
}

function codeError(message: string, cause?: unknown): GatewayError {
  const hint = 'type the code that the client shows now'
  return new GatewayError({ code: 'usage', message, hint, cause })
}
