import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { encodeValue } from '../../../src/authstate/codec.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { credsFacts, keysByType } from '../../../src/daemon/backup-facts.ts'

const creds = {
  ...initAuthCreds(),
  account: { details: Buffer.from('linked') },
  me: { id: '4915112345678:3@s.whatsapp.net', name: 'Anna' },
  platform: 'android',
  nextPreKeyId: 813,
}
const entry = (type: string, id: string, value: unknown): Entry => ({
  type,
  id,
  value: encodeValue(value),
})

test('of the creds nothing is told but who it is, shortened', () => {
  const facts = credsFacts([entry('creds', '', creds)])
  expect(facts).toEqual({
    linked: true,
    phone: '…678',
    name: 'Anna',
    platform: 'android',
    nextPreKeyId: 813,
  })
})

test('creds of a device that is not linked, and none at all', () => {
  expect(credsFacts([entry('creds', '', initAuthCreds())])).toMatchObject({ linked: false })
  expect(credsFacts([])).toEqual({ linked: false })
})

test('values by type, the most first', () => {
  const value = Buffer.alloc(10)
  const entries = [
    entry('session', 'a', value),
    entry('pre-key', '1', value),
    entry('pre-key', '2', value),
  ]
  const { length } = encodeValue(value)
  expect(keysByType(entries)).toEqual([
    { type: 'pre-key', count: 2, bytes: 2 * length },
    { type: 'session', count: 1, bytes: length },
  ])
})
