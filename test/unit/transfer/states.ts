import { Curve, initAuthCreds, type AuthenticationCreds } from '@whiskeysockets/baileys'
import { encodeValue } from '../../../src/authstate/codec.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { stateFiles } from '../../../src/transfer/multi-file.ts'

export const entry = (type: string, id: string, value: unknown): Entry => ({
  type,
  id,
  value: encodeValue(value),
})

/** Creds of a linked device with the pre-keys 1 to 5, of which 4 and 5 were not uploaded. */
export function linkedState(change: Partial<AuthenticationCreds> = {}): Entry[] {
  const creds = {
    ...initAuthCreds(),
    me: { id: '15550001:1@s.whatsapp.net', name: '~' },
    account: { details: Buffer.from('details'), deviceSignature: Buffer.alloc(64, 1) },
    nextPreKeyId: 6,
    firstUnuploadedPreKeyId: 4,
    ...change,
  }
  const preKeys = [1, 2, 3, 4, 5].map((id) => entry('pre-key', `${id}`, Curve.generateKeyPair()))
  return [
    entry('creds', '', creds),
    ...preKeys,
    entry('session', '4477001.0', { _sessions: {}, version: 'v1' }),
    entry('app-state-sync-key', 'AAAAAB8/', { keyData: Buffer.alloc(32).toString('base64') }),
    entry('sender-key', '12036@g.us::4477001::0', Buffer.from('[]')),
    entry('tctoken', '__index', { token: Buffer.from('[]') }),
  ]
}

/** The files in which stock Baileys keeps a state. */
export function filesOf(entries: readonly Entry[]): Map<string, Buffer> {
  return new Map(Array.from(stateFiles(entries), ({ name, bytes }) => [name, Buffer.from(bytes)]))
}
