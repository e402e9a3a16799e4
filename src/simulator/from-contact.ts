import { deflateSync } from 'node:zlib'
import { proto, writeRandomPadMax16 } from '@whiskeysockets/baileys'
import type { Device } from './device.ts'
import type { Person } from './directory.ts'
import { messageKey } from './mailbox.ts'
import { child, childBytes, fromBytes, node, requireBytes, stanzaTime, type Node } from './nodes.ts'
import type { SignalBundle } from './signal.ts'
import type { World } from './world.ts'

/** Sends a text to one linked device; it waits in the device's mailbox until acknowledged. */
export async function sendText(
  world: World,
  person: Person,
  device: Device,
  message: { id: string; text: string },
): Promise<void> {
  world.inbound.sent(device.name, message.id, person.user)
  device.knownLids.add(person.lid)
  device.plain.set(message.id, {
    content: encode({ conversation: message.text }),
    attrs: { type: 'text', notify: `Sim ${person.user}`, sender_lid: person.lidJid },
  })
  await post(world, person, device, message.id)
}

/**
 * The phone's first words to a device that it has just linked: there is no history. Clients hold
 * back messages, for up to 20 s, until they hear this. Not in the ledger, as nobody wrote it.
 */
export async function sendHistory(world: World, person: Person, device: Device): Promise<void> {
  const syncType = proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP
  const history = proto.HistorySync.encode({ syncType, conversations: [] }).finish()
  const id = `HIST-${world.stanzaId()}`
  device.plain.set(id, {
    content: encode({
      protocolMessage: {
        type: proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION,
        historySyncNotification: {
          syncType,
          chunkOrder: 1,
          progress: 100,
          initialHistBootstrapInlinePayload: deflateSync(history),
        },
      },
    }),
    attrs: { type: 'text', category: 'peer' },
  })
  await post(world, person, device, id)
}

/**
 * The device could not decrypt a message: begins a new session, from the keys that came with the
 * request or else from a fresh bundle, and sends the same message again.
 */
export async function sendAgain(
  world: World,
  person: Person,
  device: Device,
  receipt: Node,
): Promise<void> {
  const id = String(receipt.attrs['id'])
  if (!device.plain.has(id)) return
  const bundle = attachedBundle(receipt) ?? device.takeBundle()
  await person.endpoint.establish(device.signalAddress, bundle)
  await post(world, person, device, id)
}

async function post(world: World, person: Person, device: Device, id: string): Promise<void> {
  const message = device.plain.get(id)
  if (message === undefined) return
  const address = device.signalAddress
  const { type, ciphertext } = await person.endpoint.encrypt(address, message.content, () => {
    return device.takeBundle()
  })
  const attrs = { ...message.attrs, id, from: person.jid, t: stanzaTime() }
  const stanza = node('message', attrs, [node('enc', { v: '2', type }, ciphertext)])
  if (device.deliver(messageKey(id), stanza)) world.inbound.delivered(device.name, id)
}

function encode(message: proto.IMessage): Buffer {
  return writeRandomPadMax16(proto.Message.encode(message).finish())
}

function attachedBundle(receipt: Node): SignalBundle | undefined {
  const keys = child(receipt, 'keys')
  const signed = child(keys, 'skey')
  const registration = childBytes(receipt, 'registration')
  if (keys === undefined || signed === undefined || registration === undefined) return undefined
  const bundle: SignalBundle = {
    registrationId: fromBytes(registration),
    identityKey: typed(requireBytes(keys, 'identity')),
    signedPreKey: {
      keyId: fromBytes(requireBytes(signed, 'id')),
      publicKey: typed(requireBytes(signed, 'value')),
      signature: requireBytes(signed, 'signature'),
    },
  }
  const oneTime = child(keys, 'key')
  if (oneTime !== undefined) {
    bundle.preKey = {
      keyId: fromBytes(requireBytes(oneTime, 'id')),
      publicKey: typed(requireBytes(oneTime, 'value')),
    }
  }
  return bundle
}

function typed(key: Buffer): Buffer {
  return Buffer.concat([Buffer.from([5]), key])
}
