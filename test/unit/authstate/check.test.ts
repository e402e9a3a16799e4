import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { faultsOf } from '../../../src/authstate/check.ts'
import { encodeValue } from '../../../src/authstate/codec.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { reviveForBaileys } from '../../../src/whatsapp/revive.ts'

const account = { details: Buffer.from('linked') }

function credsOf(value: object): Entry {
  return { type: 'creds', id: '', value: encodeValue(value) }
}

const check = (entries: Entry[], linked = true) => faultsOf(entries, { linked }, reviveForBaileys)

test('creds as Baileys makes them are whole, linked ones with their account', () => {
  expect(check([credsOf({ ...initAuthCreds(), account })])).toEqual([])
  expect(check([credsOf(initAuthCreds())], false)).toEqual([])
  expect(check([credsOf(initAuthCreds())])).toEqual(['its creds lack account'])
})

test.each(['noiseKey', 'signedIdentityKey', 'signedPreKey', 'registrationId', 'advSecretKey'])(
  'creds without %s are found',
  (name) => {
    const creds = { ...initAuthCreds(), account, [name]: undefined }
    expect(check([credsOf(creds)])).toEqual([`its creds lack ${name}`])
  },
)

test('a key pair must be one', () => {
  const creds = initAuthCreds()
  const noiseKey = { ...creds.noiseKey, private: creds.noiseKey.private.subarray(1) }
  expect(check([credsOf({ ...creds, account, noiseKey })])).toEqual(['its creds lack noiseKey'])
  const halved = { ...creds.noiseKey, public: undefined }
  expect(check([credsOf({ ...creds, account, noiseKey: halved })])).toEqual([
    'its creds lack noiseKey',
  ])
})

test('values that cannot be decoded are named, never quoted', () => {
  const broken = Uint8Array.from([1, 0xc4, 0xff, 1])
  const entries: Entry[] = [
    { type: 'session', id: '4477001.0', value: broken },
    { type: 'pre-key', id: '7', value: Uint8Array.from([9]) },
    { type: 'session', id: '4477002.0', value: encodeValue(Buffer.from('ratchet')) },
  ]
  expect(check(entries)).toEqual([
    'its key session 4477001.0 cannot be decoded',
    'its key pre-key 7 cannot be decoded',
  ])
  expect(check([{ type: 'creds', id: '', value: broken }])).toEqual(['its creds cannot be decoded'])
})
