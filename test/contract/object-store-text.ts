import type { ObjectStore } from '../../src/store/port.ts'

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export async function read(store: ObjectStore, name: string): Promise<string | undefined> {
  const object = await store.get(name)
  return object && new TextDecoder().decode(object.bytes)
}
