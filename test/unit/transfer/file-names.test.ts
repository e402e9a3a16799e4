import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { useMultiFileAuthState } from '@whiskeysockets/baileys'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { fileNameOf, keyOf, readsBack } from '../../../src/transfer/file-names.ts'

const digits = fc.stringMatching(/^[1-9]\d{4,14}$/)
const device = fc.nat(99).map(String)
const address = fc
  .tuple(digits, fc.constantFrom('', '_1', '_129'), device)
  .map(([user, kind, n]) => `${user}${kind}.${n}`)
const group = fc.oneof(
  digits.map((id) => `${id}@g.us`),
  fc.tuple(digits, digits).map(([owner, at]) => `${owner}-${at}@g.us`),
  fc.constant('status@broadcast'),
)
const chat = fc.oneof(
  group,
  fc
    .tuple(digits, fc.constantFrom('s.whatsapp.net', 'lid', 'hosted.lid', 'newsletter'))
    .map(([user, server]) => `${user}@${server}`),
)

/** Ids as Baileys makes them. */
const IDS: Record<string, fc.Arbitrary<string>> = {
  'pre-key': fc.nat(16_777_215).map(String),
  session: address,
  'identity-key': address,
  'sender-key': fc
    .tuple(group, digits, fc.constantFrom('', '_1'), device)
    .map(([id, user, kind, n]) => `${id}::${user}${kind}::${n}`),
  'sender-key-memory': group,
  'app-state-sync-key': fc
    .uint8Array({ minLength: 1, maxLength: 24 })
    .map((bytes) => Buffer.from(bytes).toString('base64')),
  'app-state-sync-version': fc.constantFrom(
    'critical_block',
    'critical_unblock_low',
    'regular_high',
    'regular_low',
    'regular',
  ),
  'lid-mapping': fc.oneof(
    digits,
    digits.map((user) => `${user}_reverse`),
  ),
  'device-list': digits,
  tctoken: fc.oneof(chat, fc.constant('__index')),
}

const key = fc.oneof(...Object.entries(IDS).map(([type, id]) => fc.tuple(fc.constant(type), id)))

test('every name that Baileys gives is read back', () => {
  fc.assert(
    fc.property(key, ([type, id]) => {
      expect(keyOf(fileNameOf(type, id))).toEqual({ kind: 'key', type, id })
    }),
    { numRuns: 2_000 },
  )
})

test('a name is read back as itself, or not at all', () => {
  const name = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom(...Object.keys(IDS)), fc.string({ unit: 'binary' }))
      .map(([type, id]) => fileNameOf(type, id)),
    fc
      .tuple(fc.constantFrom(...Object.keys(IDS)), fc.stringMatching(/^[-_/:.@a-z0-9+=]*$/))
      .map(([type, id]) => fileNameOf(type, id)),
  )
  fc.assert(
    fc.property(name, (text) => {
      const found = keyOf(text)
      if (found.kind !== 'key') return
      expect(fileNameOf(found.type, found.id)).toBe(text)
      expect(readsBack(found.type, found.id)).toBe(true)
    }),
    { numRuns: 400 },
  )
})

test.each([
  ['session-4477-1.0.json', 'session'],
  ['session-4477__1.0.json', 'session'],
  ['app-state-sync-key-AA_AA.json', 'app-state-sync-key'],
  ['app-state-sync-key-AA-AA.json', 'app-state-sync-key'],
  ['tctoken-4477-3@s.whatsapp.net.json', 'tctoken'],
  ['sender-key-1@g.us--2.json', 'sender-key'],
  ['sender-key-memory-a__b@g.us.json', 'sender-key-memory'],
  ['pre-key-one.json', 'pre-key'],
])('%s could be several ids and is none', (name, type) => {
  expect(keyOf(name)).toEqual({ kind: 'lossy', type })
})

test.each(['creds.json.bak', 'baileys_store.json', 'pre-key-1', '.DS_Store', 'session.json'])(
  '%s is none of its files',
  (name) => expect(keyOf(name)).toEqual({ kind: 'foreign' }),
)

test('names are those of useMultiFileAuthState', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wa-names-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const keys = fc.sample(key, { numRuns: 200, seed: 7 })
  const { state, saveCreds } = await useMultiFileAuthState(dir)
  await saveCreds()
  for (const [type, id] of keys) await state.keys.set({ [type]: { [id]: Buffer.from(id) } })
  const expected = new Set(keys.map(([type, id]) => fileNameOf(type, id)))
  expect((await readdir(dir)).toSorted()).toEqual([...expected, fileNameOf('creds', '')].toSorted())
})
