import { answerKeys } from './bundles.ts'
import type { Connection } from './connection.ts'
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
  'usync/usync': (world, { device }, iq) => answerUsync(world, device, iq),
}

/** Answers a client's query. */
export function answerIq(world: World, connection: Connection, iq: Node): void {
  const namespace = String(iq.attrs['xmlns'])
  const first = firstChild(iq)?.tag ?? ''
  const isUpload = namespace === 'encrypt' && child(iq, 'list') !== undefined
  if (isUpload) {
    connection.device?.storeKeys(children(child(iq, 'list'), 'key'), child(iq, 'skey'))
  }
  const content = isUpload ? undefined : ANSWERS[`${namespace}/${first}`]?.(world, connection, iq)
  connection.send(node('iq', { from: SERVER, type: 'result', id: String(iq.attrs['id']) }, content))
}
