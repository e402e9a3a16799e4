import type { SignalDataSet, SignalKeyStore } from '@whiskeysockets/baileys'

/** A key store in memory that counts its changes. */
export interface CountingKeys extends SignalKeyStore {
  readonly changes: SignalDataSet[]
}

export function countingKeys(): CountingKeys {
  const values = new Map<string, unknown>()
  const changes: SignalDataSet[] = []
  return {
    changes,
    get: (type, ids) => {
      const found: Record<string, never> = {}
      for (const id of ids) {
        const value = values.get(`${type}/${id}`)
        if (value !== undefined) found[id] = value as never
      }
      return found
    },
    set: (change) => {
      changes.push(change)
      for (const [type, entries] of Object.entries(change)) {
        for (const [id, value] of Object.entries(entries)) {
          if (value === null) values.delete(`${type}/${id}`)
          else values.set(`${type}/${id}`, value)
        }
      }
    },
  }
}
