import { createHmac, randomBytes } from 'node:crypto'
import { Curve, proto } from '@whiskeysockets/baileys'
import { GatewayError } from '../session/errors.ts'
import type { Connection, Hello } from './connection.ts'
import { Device } from './device.ts'
import type { Person } from './directory.ts'
import { child, fromBytes, node, SERVER, stanzaTime } from './nodes.ts'
import { streamError } from './stream-errors.ts'
import type { World } from './world.ts'

const REFS = 6
const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0])
const RESTART_REQUIRED = 515

/** What the scanned code or the typed one gave the phone. */
export interface PairingSecret {
  /** The key that proves to the client that its own phone answers. */
  adv: Buffer
  identity: Buffer
}

/** Sends a client that has no account the references for its QR codes. */
export function offerPairing(world: World, connection: Connection, hello: Hello): void {
  const data = hello.payload.devicePairingData
  if (data === null || data === undefined) throw new Error('no registration to offer pairing for')
  world.connections.registration()
  connection.registration = { clientStatic: hello.clientStatic, data }
  const refs = Array.from({ length: REFS }, () => `2@${randomBytes(24).toString('base64')}`)
  connection.refs = refs
  for (const ref of refs) world.pairings.set(ref, connection)
  const list = refs.map((ref) => node('ref', {}, Buffer.from(ref)))
  const attrs = { from: SERVER, type: 'set', id: world.stanzaId(), xmlns: 'md' }
  connection.send(node('iq', attrs, [node('pair-device', {}, list)]))
}

/** Reads a QR code as a phone does. Throws `usage` when it is none. */
export function readQr(qr: string): { ref: string; secret: PairingSecret } {
  const [ref, noise, identity, adv] = (qr.split('#').at(-1) ?? '').split(',')
  if (ref === undefined || noise === undefined || identity === undefined || adv === undefined) {
    throw new GatewayError({
      code: 'usage',
      message: 'this is no pairing QR code',
      hint: "pass the text of the QR code: four fields or more, separated by ','",
    })
  }
  const secret = { adv: Buffer.from(adv, 'base64'), identity: Buffer.from(identity, 'base64') }
  return { ref, secret }
}

/** The connection that shows this QR code. Throws `usage` when none does any more. */
export function pairingFor(world: World, ref: string): Connection {
  const connection = world.pairings.get(ref)
  if (connection?.open === true) return connection
  throw new GatewayError({
    code: 'usage',
    message: 'no client shows this QR code any more',
    hint: 'scan the newest code',
  })
}

/** Links the client: pair-success, the client's signature, then 515 so that it logs in. */
export async function link(
  world: World,
  person: Person,
  connection: Connection,
  secret: PairingSecret,
): Promise<Device> {
  const device = makeDevice(person, connection)
  const reply = await connection.query(
    node('iq', { from: SERVER, type: 'set', id: world.stanzaId(), t: stanzaTime() }, [
      node('pair-success', {}, [
        node('device-identity', {}, signIdentity(person, device.number, secret)),
        node('device', { jid: device.jid, lid: device.lidJid }),
        node('platform', { name: 'android' }),
      ]),
    ]),
  )
  if (child(reply, 'pair-device-sign') === undefined) {
    throw new GatewayError({
      code: 'session.not-online',
      subject: device.name,
      message: 'the client did not accept the pairing',
    })
  }
  person.devices.set(device.number, device)
  world.connections.paired(device.name)
  forget(world, connection)
  connection.sendAndClose(streamError(RESTART_REQUIRED))
  return device
}

/** Takes back what a connection offered to phones. */
export function forget(world: World, connection: Connection): void {
  for (const ref of connection.refs) world.pairings.delete(ref)
  connection.refs = []
  const user = connection.linkUser
  if (user === undefined || world.links.get(user)?.connection !== connection) return
  world.links.delete(user)
}

function makeDevice(person: Person, connection: Connection): Device {
  const registration = connection.registration
  if (registration === undefined) throw new Error('the client offered no keys')
  const { clientStatic, data } = registration
  const address = { user: person.user, lid: person.lid, number: person.nextDevice++ }
  return new Device(address, {
    noise: clientStatic,
    identity: bytes(data.eIdent),
    registrationId: fromBytes(bytes(data.eRegid)),
    signedPreKey: {
      keyId: fromBytes(bytes(data.eSkeyId)),
      publicKey: bytes(data.eSkeyVal),
      signature: bytes(data.eSkeySig),
    },
  })
}

function signIdentity(person: Person, keyIndex: number, secret: PairingSecret): Buffer {
  const phone = person.endpoint.identity
  const details = proto.ADVDeviceIdentity.encode({
    rawId: person.endpoint.registrationId,
    timestamp: Math.floor(Date.now() / 1000),
    keyIndex,
    accountType: proto.ADVEncryptionType.E2EE,
    deviceType: proto.ADVEncryptionType.E2EE,
  }).finish()
  const signed = Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, secret.identity])
  const identity = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.public,
    accountSignature: Curve.sign(phone.private, signed),
  }).finish()
  const hmac = createHmac('sha256', secret.adv).update(identity).digest()
  return Buffer.from(proto.ADVSignedDeviceIdentityHMAC.encode({ details: identity, hmac }).finish())
}

function bytes(value: Uint8Array | null | undefined): Buffer {
  return Buffer.from(value ?? [])
}
