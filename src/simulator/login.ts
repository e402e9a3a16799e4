import { randomBytes } from 'node:crypto'
import type { Connection, Hello } from './connection.ts'
import type { Device } from './device.ts'
import { node, SERVER, stanzaTime, type Node } from './nodes.ts'
import { failure, replaced } from './stream-errors.ts'
import { strike } from './strike.ts'
import type { World } from './world.ts'

const UNAUTHORIZED = 401
// Clients send it back in front of their next intro.
const ROUTING_INFO = Buffer.from('sim-edge')

/** Lets a client in whose keys belong to a linked device, or refuses it with `<failure>`. */
export function login(world: World, connection: Connection, hello: Hello): void {
  const user = String(hello.payload.username)
  const device = world.directory.known(user)?.devices.get(hello.payload.device ?? 0)
  const refusal = world.faults.take('login', user).find((fault) => fault.kind === 'failure')
  const trusted = device !== undefined && !device.unlinked && isSameKey(device, hello)
  if (refusal !== undefined || !trusted) {
    world.connections.rejectedLogin()
    connection.sendAndClose(failure(refusal?.reason ?? UNAUTHORIZED))
    return
  }
  replaceOlder(world, device)
  connection.device = device
  device.line = connection
  device.awaitedRefusals.clear()
  world.connections.login(device.name)
  for (const stanza of welcome(device)) connection.send(stanza)
  deliverMailbox(world, connection, device)
  world.changed.emit('login', device)
  for (const fault of world.faults.take('opened', user)) strike(connection, fault)
}

function isSameKey(device: Device, hello: Hello): boolean {
  return device.keys.noise.equals(hello.clientStatic)
}

function replaceOlder(world: World, device: Device): void {
  if (device.line === undefined) return
  world.connections.duplicate(device.name)
  device.line.sendAndClose(replaced())
  device.line = undefined
}

function welcome(device: Device): Node[] {
  const success = node('success', {
    t: stanzaTime(),
    props: '2',
    companion_enc_static: randomBytes(16).toString('base64'),
    location: 'sim',
    lid: device.lidJid,
  })
  const count = String(device.mailbox.size)
  const preview = node('offline_preview', {
    count,
    message: count,
    notification: '0',
    receipt: '0',
    appdata: '0',
  })
  const route = node('edge_routing', {}, [node('routing_info', {}, ROUTING_INFO)])
  return [success, ...[route, preview].map((part) => node('ib', { from: SERVER }, [part]))]
}

function deliverMailbox(world: World, connection: Connection, device: Device): void {
  const entries = device.mailbox.entries()
  for (const [, stanza] of entries) {
    connection.send({ ...stanza, attrs: { ...stanza.attrs, offline: '0' } })
    if (stanza.tag === 'message') world.inbound.delivered(device.name, String(stanza.attrs['id']))
  }
  const marker = node('offline', { count: String(entries.length) })
  connection.send(node('ib', { from: SERVER }, [marker]))
}
