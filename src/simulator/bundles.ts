import { children, firstChild, node, toBytes, type Node } from './nodes.ts'
import type { SignalBundle } from './signal.ts'
import type { World } from './world.ts'

const KEY_TYPE = Buffer.from([5])

/** Answers a query for key bundles, so that the asker can begin sessions. */
export function answerKeys(world: World, iq: Node): Node[] {
  const users = children(firstChild(iq), 'user')
  return [
    node(
      'list',
      {},
      users.flatMap((user) => bundleFor(world, String(user.attrs['jid']))),
    ),
  ]
}

function bundleFor(world: World, jid: string): Node[] {
  const found = world.directory.find(jid)
  if (found === undefined) return []
  const device = found.person.devices.get(found.device)
  if (found.device !== 0 && (device === undefined || device.unlinked)) return []
  const bundle = device?.takeBundle() ?? found.person.endpoint.bundle()
  return [node('user', { jid }, bundleParts(bundle))]
}

/** A bundle as the stanza's parts, keys without their type byte. */
function bundleParts(bundle: SignalBundle): Node[] {
  return [node('registration', {}, toBytes(bundle.registrationId, 4)), ...keyParts(bundle)]
}

/** The part of a bundle that a retry receipt carries in `<keys>`. */
export function keyParts(bundle: SignalBundle): Node[] {
  const { signedPreKey, preKey } = bundle
  const parts = [
    node('type', {}, KEY_TYPE),
    node('identity', {}, bundle.identityKey.subarray(1)),
    node('skey', {}, [
      node('id', {}, toBytes(signedPreKey.keyId, 3)),
      node('value', {}, signedPreKey.publicKey.subarray(1)),
      node('signature', {}, signedPreKey.signature),
    ]),
  ]
  if (preKey === undefined) return parts
  const key = node('key', {}, [
    node('id', {}, toBytes(preKey.keyId, 3)),
    node('value', {}, preKey.publicKey.subarray(1)),
  ])
  return [...parts, key]
}
