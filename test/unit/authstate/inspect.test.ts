import { initAuthCreds, proto } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import { encodeValue } from '../../../src/authstate/codec.ts'
import { inspect } from '../../../src/authstate/inspect.ts'
import { packEntries } from '../../../src/authstate/packed.ts'
import type { Entry } from '../../../src/authstate/port.ts'
import { scanPacked } from '../../../src/authstate/scan-packed.ts'
import { reviveForBaileys } from '../../../src/whatsapp/revive.ts'

const linked = { ...initAuthCreds(), account: { details: Buffer.from('linked') } }
const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) }

function entry(type: string, id: string, value: unknown): Entry {
  return { type, id, value: encodeValue(value) }
}

async function inspected(entries: Entry[]) {
  const scan = async (packed: Uint8Array) => scanPacked(packed) ?? packed
  return inspect(await packEntries(entries), reviveForBaileys, scan)
}

const creds = (more: object = {}) => entry('creds', '', { ...linked, nextPreKeyId: 31, ...more })
const preKeys = Array.from({ length: 30 }, (_, i) => entry('pre-key', `${i + 1}`, pair))

test('counts the keys of a sound session and has nothing to say of it', async () => {
  const appStateKey = proto.Message.AppStateSyncKeyData.fromObject({ keyData: Buffer.alloc(32) })
  const entries = [
    creds({ myAppStateKeyId: 'AAAAAB' }),
    ...preKeys,
    entry('app-state-sync-key', 'AAAAAB', appStateKey.toJSON()),
    entry('session', '4477001.0', { _sessions: { 'BQ==': { registrationId: 1 } }, version: 'v1' }),
    entry('lid-mapping', 'ähnlich', 'a\u0000 text'),
  ]
  expect(await inspected(entries)).toEqual({ keys: 33, faults: [], doubts: [] })
})

test('names what is wrong among many, as decoding each would', async () => {
  const bad: Entry = {
    type: 'session',
    id: '4477002.0',
    value: Uint8Array.from([1, 0xc4, 0xff, 1]),
  }
  const empty = entry('sender-key', 'group', null)
  expect(await inspected([creds(), ...preKeys, bad, empty])).toEqual({
    keys: 32,
    faults: ['its key session 4477002.0 cannot be decoded', 'its key sender-key group is empty'],
    doubts: [],
  })
  expect(await inspected([creds({ account: undefined }), ...preKeys])).toMatchObject({
    faults: ['its creds lack account'],
  })
})

test('rejects what no session can have', async () => {
  await expect(inspected(preKeys)).rejects.toThrow('no creds')
  await expect(inspected([creds(), ...preKeys, entry('pre-key', '3', pair)])).rejects.toThrow(
    'twice',
  )
})

test('doubts creds that are older than the keys, and an app state key that is not there', async () => {
  const { doubts } = await inspected([creds({ nextPreKeyId: 30 }), ...preKeys])
  expect(doubts).toMatchObject([{ what: expect.stringContaining('next pre-key is 30') }])
  const { doubts: more } = await inspected([creds({ myAppStateKeyId: 'AAAAAC' }), ...preKeys])
  expect(more).toMatchObject([{ what: expect.stringContaining('app state key') }])
  expect(JSON.stringify(more)).not.toContain('AAAAAC')
  // Where a value cannot be scanned it is the same.
  const odd = entry('lid-mapping', 'odd', '\u0000odd')
  const { doubts: slow } = await inspected([creds({ nextPreKeyId: 30 }), ...preKeys, odd])
  expect(slow).toEqual(doubts)
})

test('creds that count pre-keys which are not stored yet are as they should be', async () => {
  expect((await inspected([creds({ nextPreKeyId: 813 }), ...preKeys])).doubts).toEqual([])
  expect((await inspected([creds({ nextPreKeyId: 813 })])).doubts).toEqual([])
  expect((await inspected([creds({ myAppStateKeyId: '' }), ...preKeys])).doubts).toEqual([])
})
