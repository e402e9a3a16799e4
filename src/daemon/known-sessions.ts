import type { AuthStore } from '../authstate/port.ts'
import type { Registry } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'

interface Sources {
  auth: Pick<AuthStore, 'list'>
  registry: Pick<Registry, 'list'>
  replica: Pick<Replica, 'discover'>
}

/** A worker's own knowledge: what is on this disk, and what the store says it ran last. */
export async function knownSessions({ auth, registry, replica }: Sources): Promise<string[]> {
  const ids = new Set(await replica.discover())
  for (const { sessionId, paired } of auth.list()) if (paired) ids.add(sessionId)
  for (const record of await registry.list()) {
    if (record.desired === 'running' && record.pairedAt !== null) ids.add(record.id)
    if (record.desired === 'removed') ids.delete(record.id)
  }
  return [...ids]
}
