import { node, type Node } from './nodes.ts'

/** `<failure>`: the login is refused for this reason. */
export function failure(reason: number): Node {
  return node('failure', { reason: String(reason), location: 'sim' })
}

/** `<stream:error>` with a code, for example 515 (connect again) or 503. */
export function streamError(code: number): Node {
  return node('stream:error', { code: String(code) })
}

/** Another connection took this device's place (440). */
export function replaced(): Node {
  return node('stream:error', {}, [node('conflict', { type: 'replaced' })])
}

/** The phone unlinked this device (401). */
export function deviceRemoved(): Node {
  return node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })])
}
