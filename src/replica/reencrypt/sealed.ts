import type { ObjectStore, RequestOptions } from '../../store/port.ts'
import { KEYRING_NAME, SESSIONS } from '../names.ts'
import { damaged, readHead, type ObjectAddress, type ObjectHead } from '../object.ts'
import { isUnreadable } from '../sealer.ts'

const ALL = 'v1/'
/** The keyring and its versions, which other keys lock, and what a start-up probe leaves. */
const OTHERS = [KEYRING_NAME, 'v1/probe/']

/** An object with what its header says, which nothing has proven. */
export interface Sealed {
  address: ObjectAddress
  bytes: Uint8Array
  etag: string
  /** The id of the key; undefined where it is not encrypted. */
  keyId: string | undefined
}

/** The names of all objects that are sealed, or would be if the store were encrypted. */
export async function* sealedNames(
  store: ObjectStore,
  options: RequestOptions,
): AsyncGenerator<string> {
  for await (const { name } of store.list(ALL, options))
    if (!OTHERS.some((prefix) => name.startsWith(prefix))) yield name
}

/** Undefined where it is gone by now. Throws `replica.damaged` where it is none of ours. */
export async function readSealed(
  store: ObjectStore,
  name: string,
  options: RequestOptions,
): Promise<Sealed | undefined> {
  const object = await store.get(name, options)
  if (object === undefined) return undefined
  const { kind, cipher, keyId } = headOf(name, object.bytes)
  if (kind === undefined) throw damaged({ name, kind: 'bundle' }, 'this program does not know it')
  const [session] = name.startsWith(SESSIONS) ? name.slice(SESSIONS.length).split('/') : []
  const address = { name, kind, ...(session !== undefined && { sessionId: session }) }
  return { address, ...object, keyId: cipher === 'none' ? undefined : keyId }
}

function headOf(name: string, bytes: Uint8Array): ObjectHead {
  return readHead({ name, kind: 'bundle' }, bytes)
}

/** The same, with undefined also for what is so damaged that no key can be told. */
export async function keyOf(
  store: ObjectStore,
  name: string,
  options: RequestOptions,
): Promise<Sealed | undefined> {
  try {
    return await readSealed(store, name, options)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
