import type { Device, Line } from './device.ts'
import { sendAgain } from './from-contact.ts'
import { messageKey, receiptKey } from './mailbox.ts'
import { child, children, node, stanzaTime, type Node } from './nodes.ts'
import { readOnPhone } from './to-contact.ts'
import type { World } from './world.ts'

/** Takes a message from a device: accepts it, then hands each ciphertext to whom it is for. */
export async function takeMessage(
  world: World,
  line: Pick<Line, 'send'>,
  device: Device,
  stanza: Node,
): Promise<void> {
  const id = String(stanza.attrs['id'])
  const to = stanza.attrs['to']
  world.outbound.received(device.name, id)
  line.send(node('ack', { class: 'message', id, from: to, t: stanzaTime() }))
  for (const { jid, enc } of ciphertexts(stanza)) await handOver(world, device, stanza, jid, enc)
}

/** Takes a receipt: it ends a message's stay in the mailbox, or asks for the message again. */
export async function takeReceipt(
  world: World,
  line: Pick<Line, 'send'>,
  device: Device,
  stanza: Node,
): Promise<void> {
  const { id = '', to = '', type = '' } = stanza.attrs
  const found = world.directory.find(to)
  line.send(node('ack', { class: 'receipt', id, from: to, type: type || undefined }))
  if (type === 'retry') {
    world.inbound.retryRequested(device.name, id)
    device.awaitedRefusals.add(id)
    if (found?.device === 0) await sendAgain(world, found.person, device, stanza)
  } else {
    for (const each of receiptIds(stanza)) acknowledge(world, device, each)
  }
  if (found === undefined) return
  if (found.device === 0) {
    found.person.receiveReceipt({ id, from: device.jid, type, at: Date.now() })
  } else {
    const attrs = { id, from: device.jid, type: type || undefined, t: stanzaTime() }
    const forwarded = node('receipt', attrs, stanza.content)
    linked(found.person.devices.get(found.device))?.deliver(receiptKey(id, device.jid), forwarded)
  }
}

/** Takes an ack; one with an error drops the message unless a retry was asked for with it. */
export function takeAck(world: World, device: Device, stanza: Node): void {
  const { id = '', to = '', error } = stanza.attrs
  if (stanza.attrs['class'] === 'receipt') device.mailbox.acknowledge(receiptKey(id, to))
  if (stanza.attrs['class'] !== 'message') return
  if (error === undefined) return acknowledge(world, device, id)
  if (device.awaitedRefusals.delete(id)) return undefined
  device.mailbox.acknowledge(messageKey(id))
  device.plain.delete(id)
  world.inbound.refused(device.name, id, error)
}

function acknowledge(world: World, device: Device, id: string): void {
  device.mailbox.acknowledge(messageKey(id))
  device.plain.delete(id)
  world.inbound.acknowledged(device.name, id)
}

function receiptIds(stanza: Node): string[] {
  const items = children(child(stanza, 'list'), 'item')
  return [stanza, ...items].map(({ attrs }) => String(attrs['id']))
}

function ciphertexts(stanza: Node): { jid: string; enc: Node }[] {
  const alone = { jid: String(stanza.attrs['to']), enc: child(stanza, 'enc') }
  const shared = children(child(stanza, 'participants'), 'to').map((to) => {
    return { jid: String(to.attrs['jid']), enc: child(to, 'enc') }
  })
  return [alone, ...shared].flatMap(({ jid, enc }) => (enc === undefined ? [] : [{ jid, enc }]))
}

async function handOver(
  world: World,
  sender: Device,
  stanza: Node,
  jid: string,
  enc: Node,
): Promise<void> {
  const found = world.directory.find(jid)
  if (found === undefined || !(enc.content instanceof Uint8Array)) return
  const id = String(stanza.attrs['id'])
  if (found.device === 0) {
    const chat = stanza.attrs['recipient'] ?? String(stanza.attrs['to'])
    const bytes = Buffer.from(enc.content)
    const type = String(enc.attrs['type'])
    return readOnPhone(world, sender, found.person, { id, type, bytes, chat })
  }
  const recipient = linked(found.person.devices.get(found.device))
  if (recipient === undefined) return undefined
  world.inbound.sent(recipient.name, id, sender.name)
  const forwarded = forward(sender, stanza, enc, found.person.user === sender.user)
  if (recipient.deliver(messageKey(id), forwarded)) world.inbound.delivered(recipient.name, id)
}

function forward(sender: Device, stanza: Node, enc: Node, own: boolean): Node {
  const attrs = {
    id: stanza.attrs['id'],
    from: sender.jid,
    type: stanza.attrs['type'],
    t: stanzaTime(),
    notify: `Sim ${sender.user}`,
    sender_lid: sender.lidJid,
    recipient: own ? stanza.attrs['to'] : undefined,
  }
  const identity = children(stanza, 'device-identity')
  return node('message', attrs, [enc, ...identity])
}

function linked(device: Device | undefined): Device | undefined {
  return device?.unlinked === true ? undefined : device
}
