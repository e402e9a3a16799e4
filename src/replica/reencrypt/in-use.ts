import type { ObjectStore } from '../../store/port.ts'
import { eachName } from './each.ts'
import { keyOf } from './sealed.ts'

/** What is still sealed with one key: how many of each kind of object, and the first few by name. */
export interface KeyUse {
  objects: number
  kinds: Record<string, number>
  examples: string[]
}

const EXAMPLES = 5

/** Looks at every object for what is still sealed with a key. */
export async function usesOf(
  store: ObjectStore,
  keyId: string,
  options: { signal?: AbortSignal },
  listener: { onTotal(objects: number): void; onObject(): void },
): Promise<KeyUse> {
  const use: KeyUse = { objects: 0, kinds: {}, examples: [] }
  await eachName(
    store,
    options,
    (total) => listener.onTotal(total),
    async (name) => {
      const found = await keyOf(store, name, options)
      if (found?.keyId === keyId) {
        const { kind } = found.address
        use.objects++
        use.kinds[kind] = (use.kinds[kind] ?? 0) + 1
        if (use.examples.length < EXAMPLES) use.examples.push(name)
      }
      listener.onObject()
    },
  )
  return use
}
