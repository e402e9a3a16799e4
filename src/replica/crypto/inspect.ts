import type { ObjectStore, RequestOptions } from '../../store/port.ts'
import { KEYRING_NAME } from '../names.ts'
import type { NamedKey } from './key.ts'
import { decodeRing } from './ring.ts'

/**
 * How many data keys the store's keyring has; undefined where it has none. Changes nothing. Throws
 * `replica.no-key` where no key fits, `replica.damaged` where it cannot be read.
 */
export async function inspectKeyring(
  store: Pick<ObjectStore, 'get'>,
  keks: readonly NamedKey[],
  options?: RequestOptions,
): Promise<{ keys: number } | undefined> {
  const object = await store.get(KEYRING_NAME, options)
  return object && { keys: decodeRing(object.bytes, keks).keys.length }
}
