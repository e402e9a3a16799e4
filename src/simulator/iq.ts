import { answerKeys } from './bundles.ts'
import type { Connection } from './connection.ts'
import type { Device } from './device.ts'
import { sendHistory } from './from-contact.ts'
import { answerLinkCode } from './link-code.ts'
import { child, children, firstChild, node, SERVER, type Node } from './nodes.ts'
import { unlink } from './unlink.ts'
import { answerUsync } from './usync.ts'
import type { World } from './world.ts'

type Answer = (world: World, connection: Connection, iq: Node) => Node[] | undefined

/** What each query is answered with, by namespace and first child; others get an empty result. */
const ANSWERS: Record<string, Answer> = {
  'encrypt/count': (_, { device }) => [node('count', { value: String(device?.preKeys.size ?? 0) })],
  'encrypt/digest': () => [node('digest')],
  'encrypt/key': (world, _, iq) => answerKeys(world, iq),
  'encrypt/rotate': (_, { device }, iq) => {
    const signed = child(child(iq, 'rotate'), 'skey')
    if (signed !== undefined) device?.rotateSignedPreKey(signed)
    return undefined
  },
  'md/remove-companion-device': (world, { device }) => {
    if (device !== undefined) unlink(world, device)
    return undefined
  },
  'md/link_code_companion_reg': (world, connection, iq) => {
    const request = child(iq, 'link_code_companion_reg')
    return request === undefined ? undefined : answerLinkCode(world, connection, request)
  },
  'privacy/privacy': () => [
    node('privacy', {}, [node('category', { name: 'readreceipts', value: 'all' })]),
  ],
  'blocklist/': () => [node('list')],
  'abt/props': () => [node('props', { hash: 'sim' }, [])],
  'w:sync:app:state/sync': (_, __, iq) => answerAppState(iq),
  'usync/usync': (world, { device }, iq) => answerUsync(world, device, iq),
}

/** Answers a client's query. */
export async function answerIq(world: World, connection: Connection, iq: Node): Promise<void> {
  const namespace = String(iq.attrs['xmlns'])
  const list = namespace === 'encrypt' ? child(iq, 'list') : undefined
  const name = `${namespace}/${firstChild(iq)?.tag ?? ''}`
  const content = list === undefined ? ANSWERS[name]?.(world, connection, iq) : undefined
  if (list !== undefined) connection.device?.storeKeys(children(list, 'key'), child(iq, 'skey'))
  const attrs = { from: SERVER, type: 'result', id: String(iq.attrs['id']) }
  connection.send(node('iq', attrs, content))
  if (list !== undefined && connection.device !== undefined) await greet(world, connection.device)
}

async function greet(world: World, device: Device): Promise<void> {
  if (device.historySent) return
  device.historySent = true
  await sendHistory(world, world.directory.person(device.user), device)
}

function answerAppState(iq: Node): Node[] {
  const collections = children(child(iq, 'sync'), 'collection').map(({ attrs }) => {
    return node('collection', { name: attrs['name'], version: attrs['version'] })
  })
  return [node('sync', {}, collections)]
}
