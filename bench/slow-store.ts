import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStore } from '../src/store/port.ts'

/** The same store, every request to which takes so much longer. */
export function slowed(store: ObjectStore, ms: number): ObjectStore {
  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    await sleep(ms)
    return work()
  }
  return {
    label: store.label,
    offHost: store.offHost,
    get: (...args) => later(() => store.get(...args)),
    put: (...args) => later(() => store.put(...args)),
    putIfAbsent: (...args) => later(() => store.putIfAbsent(...args)),
    compareAndSwap: (...args) => later(() => store.compareAndSwap(...args)),
    remove: (...args) => later(() => store.remove(...args)),
    list: (...args) => store.list(...args),
    listParts: (...args) => store.listParts(...args),
    check: (...args) => later(() => store.check(...args)),
    close: () => store.close(),
  }
}
