import { initAuthCreds } from '@whiskeysockets/baileys'

import { encodeValue } from '../../src/authstate/codec.ts'
import type { Entry, SessionImage } from '../../src/authstate/port.ts'

/** The image of a linked device with these values, as it comes out of the object store. */
export function sessionImage(
  sessionId: string,
  values: Record<string, Record<string, unknown>>,
  seq = 1,
): SessionImage {
  const creds = { ...initAuthCreds(), account: { details: Buffer.from('phone') } }
  const entries: Entry[] = [{ type: 'creds', id: '', value: encodeValue(creds) }]
  for (const [type, ofType] of Object.entries(values))
    for (const [id, value] of Object.entries(ofType))
      entries.push({ type, id, value: encodeValue(value) })
  return { sessionId, seq, hash: 'ab'.repeat(32), changedAt: 1_000, entries }
}

/** The values beside the creds as hex, by `type id`: for comparing states whatever their order. */
export function valuesOf(entries: readonly Entry[]): Record<string, string> {
  return Object.fromEntries(
    entries
      .filter(({ type }) => type !== 'creds')
      .map(({ type, id, value }) => [`${type} ${id}`, Buffer.from(value).toString('hex')]),
  )
}
