import { proto } from '@whiskeysockets/baileys'

/** Baileys expects app state sync keys as protobuf objects, as its own file store gives them. */
export function reviveForBaileys(type: string, value: unknown): unknown {
  if (type !== 'app-state-sync-key' || typeof value !== 'object' || value === null) return value
  return proto.Message.AppStateSyncKeyData.fromObject(value)
}
