import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { initAuthCreds } from '@whiskeysockets/baileys'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { encodeValue } from '../../../src/authstate/codec.ts'
import { packEntries } from '../../../src/authstate/packed.ts'
import type { AuthStore, Entry, SessionImage } from '../../../src/authstate/port.ts'
import { isPending, openTestStore, temporaryDirectory } from '../../support/authstate.ts'
import { sessionImage, valuesOf } from '../../support/session-image.ts'

const corrupt = expect.objectContaining({ code: 'state.corrupt', subject: 'a' })
const VALUES = {
  'lid-mapping': Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${n}`, `lid ${n}`])),
  'identity-key': { big: Buffer.alloc(9_000, 'k') },
}

/** Rows of a session in each table, as another program sees them. */
function rows(stateDir: string, n: number): { kv: number; images: number } {
  const db = new DatabaseSync(join(stateDir, 'state.db'), { readOnly: true, timeout: 10_000 })
  const count = (table: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${table} WHERE session = ?`).get(n)?.['n'])
  const found = { kv: count('kv'), images: count('images') }
  db.close()
  return found
}

function tamper(stateDir: string, change: string): void {
  const db = new DatabaseSync(join(stateDir, 'state.db'), { timeout: 10_000 })
  db.exec(change)
  db.close()
}

async function install(store: AuthStore, image: SessionImage): Promise<void> {
  await store.install(image, { epoch: 1, boot: store.boot })
}

test.each(['compressed', 'plain'])(
  'a change that deletes makes rows of a %s image',
  async (how) => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    const image = sessionImage('a', VALUES, 7)
    await install(store, {
      ...image,
      ...(how === 'compressed' && { packed: await packEntries(image.entries) }),
    })
    expect(rows(stateDir, 1)).toEqual({ kv: 0, images: 1 })
    const handle = await store.open('a')
    expect(await handle.state.keys.get('lid-mapping', ['3', '99'])).toEqual({ 3: 'lid 3' })

    await handle.state.keys.set({ 'lid-mapping': { 3: 'new', 4: null, 99: 'more' } })
    expect(rows(stateDir, 1)).toEqual({ kv: image.entries.length, images: 0 })
    expect(await handle.state.keys.get('lid-mapping', ['3', '4', '5', '99'])).toEqual({
      3: 'new',
      5: 'lid 5',
      99: 'more',
    })
    expect(store.find('a')).toMatchObject({ seq: 8, storedSeq: 7, keys: 41, paired: true })
    expect(store.journal('a', 0, Infinity)).toMatchObject([{ seq: 8, previous: image.hash }])
    const { entries } = await store.image('a')
    await store.close()

    const again = await openTestStore({ stateDir, onCorrupt: 'fail' })
    expect(valuesOf((await again.image('a')).entries)).toEqual(valuesOf(entries))
    await again.open('a')
  },
)

test('an image that was never changed serves after a restart, for reading and as a whole', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  const image = sessionImage('a', VALUES, 7)
  await install(store, image)
  await store.tag('a', { epoch: 2, boot: store.boot }, true)
  await store.close()
  const again = await openTestStore({ stateDir, onCorrupt: 'fail' })
  const { entries, seq, hash } = await again.image('a')
  expect({ seq, hash }).toEqual({ seq: 7, hash: image.hash })
  expect(valuesOf(entries)).toEqual(valuesOf(image.entries))
  const handle = await again.open('a')
  expect(await handle.state.keys.get('lid-mapping', ['39'])).toEqual({ 39: 'lid 39' })
  await handle.saveCreds()
  expect(rows(stateDir, 1)).toEqual({ kv: 1, images: 1 })
  await handle.close()
  await again.purge('a')
  expect(rows(stateDir, 1)).toEqual({ kv: 0, images: 0 })
})

describe('values that change', () => {
  async function changed(): Promise<{ stateDir: string; store: AuthStore; image: SessionImage }> {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    const image = sessionImage('a', VALUES, 7)
    await install(store, image)
    const handle = await store.open('a')
    for (const id of [901, 902]) {
      handle.state.creds.nextPreKeyId = id
      await handle.saveCreds()
    }
    await handle.close()
    return { stateDir, store, image }
  }

  test('lie over the image until one is deleted, also after a restart', async () => {
    const { stateDir, store, image } = await changed()
    expect(rows(stateDir, 1)).toEqual({ kv: 1, images: 1 })
    expect(store.find('a')).toMatchObject({ seq: 9, keys: 41, paired: true })
    const before = valuesOf((await store.image('a')).entries)
    await store.close()

    const again = await openTestStore({ stateDir, onCorrupt: 'fail' })
    expect(valuesOf((await again.image('a')).entries)).toEqual(before)
    const handle = await again.open('a')
    expect(handle.state.creds.nextPreKeyId).toBe(902)
    expect(await handle.state.keys.get('lid-mapping', ['5'])).toEqual({ 5: 'lid 5' })
    await handle.state.keys.set({ 'lid-mapping': { 5: 'new', more: 'x' } })
    expect(rows(stateDir, 1)).toEqual({ kv: 3, images: 1 })
    expect(await handle.state.keys.get('lid-mapping', ['4', '5', 'more'])).toEqual({
      4: 'lid 4',
      5: 'new',
      more: 'x',
    })
    handle.verify()
    await handle.state.keys.set({ 'lid-mapping': { more: null } })
    expect(rows(stateDir, 1)).toEqual({ kv: image.entries.length, images: 0 })
    handle.verify()
    await again.close()

    const last = await openTestStore({ stateDir, onCorrupt: 'fail' })
    expect(last.find('a')).toMatchObject({ seq: 11, keys: 41, paired: true })
    const opened = await last.open('a')
    opened.verify()
    expect(opened.state.creds.nextPreKeyId).toBe(902)
    expect(await opened.state.keys.get('lid-mapping', ['4', '5'])).toEqual({ 4: 'lid 4', 5: 'new' })
  })

  test('become rows with all others when they are many', async () => {
    const { stateDir, store, image } = await changed()
    const handle = await store.open('a')
    for (let n = 0; n < 40; n++)
      await handle.state.keys.set({ 'lid-mapping': { [`${n}`]: `new ${n}` } })
    expect(rows(stateDir, 1)).toEqual({ kv: image.entries.length, images: 0 })
    expect(store.find('a')).toMatchObject({ keys: 41 })
    handle.verify()
    expect(await handle.state.keys.get('lid-mapping', ['0', '39'])).toEqual({
      0: 'new 0',
      39: 'new 39',
    })
  })

  test.each([
    ['changed', "UPDATE kv SET value = x'01c0'"],
    ['gone', 'DELETE FROM kv'],
  ])('and are %s on the disk: the session is damaged, and can be set aside', async (_, how) => {
    const { stateDir, store } = await changed()
    await store.close()
    tamper(stateDir, how)
    const again = await openTestStore({ stateDir, onCorrupt: 'fail' })
    await expect(again.open('a')).rejects.toThrow(corrupt)
    await again.quarantine('a', 'damaged')
    await install(again, sessionImage('a', VALUES))
    await again.open('a')
  })
})

test('whatever is written and read, an image answers as the same state in rows does', async () => {
  const ids = ['1', '2', '3', '4']
  const step = fc.record({
    set: fc.dictionary(fc.constantFrom(...ids), fc.option(fc.string()), { maxKeys: 3 }),
    creds: fc.boolean(),
    wait: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.constantFrom(...ids), fc.string()),
      fc.array(step, { maxLength: 6 }),
      async (first, steps) => {
        const store = await openTestStore()
        await install(store, sessionImage('a', { 'lid-mapping': first }))
        const handle = await store.open('a')
        const { state } = handle
        const whenDurable = async () => handle.whenDurable()
        const model = new Map(Object.entries(first))
        let preKeys = state.creds.nextPreKeyId
        for (const { set, creds, wait } of steps) {
          if (creds) {
            state.creds.nextPreKeyId = ++preKeys
            void handle.saveCreds()
          }
          void state.keys.set({ 'lid-mapping': set })
          for (const [id, value] of Object.entries(set))
            if (value === null) model.delete(id)
            else model.set(id, value)
          expect(await state.keys.get('lid-mapping', ids)).toEqual(Object.fromEntries(model))
          if (wait) await whenDurable()
        }
        await whenDurable()
        expect(await state.keys.get('lid-mapping', ids)).toEqual(Object.fromEntries(model))
        expect(store.find('a')?.keys).toBeGreaterThanOrEqual(model.size)
        const expected = sessionImage('a', { 'lid-mapping': Object.fromEntries(model) })
        const values = (entries: Entry[]) =>
          valuesOf(entries.filter(({ type }) => type !== 'creds'))
        expect(values((await store.image('a')).entries)).toEqual(values(expected.entries))
        handle.verify()
        await handle.close()
        expect((await store.open('a')).state.creds.nextPreKeyId).toBe(preKeys)
        await store.close()
      },
    ),
    { numRuns: 25 },
  )
}, 120_000)

describe('a damaged image', () => {
  const DAMAGE: [string, string][] = [
    [
      'changed',
      "UPDATE images SET body = CAST(substr(body, 1, 200) || x'00' || substr(body, 202) AS BLOB)",
    ],
    ['cut short', 'UPDATE images SET body = substr(body, 1, 100)'],
    ['gone', 'DELETE FROM images'],
    ["another session's", 'UPDATE images SET session = 3 - session WHERE session = 1'],
  ]

  test.each(DAMAGE)(
    'that is %s is found when it is opened, and nothing else suffers',
    async (_, how) => {
      const stateDir = temporaryDirectory()
      const first = await openTestStore({ stateDir })
      await install(first, sessionImage('a', VALUES))
      await first.create('b', initAuthCreds())
      await first.close()
      tamper(stateDir, how)
      const store = await openTestStore({ stateDir, onCorrupt: 'fail' })
      await expect(store.open('a')).rejects.toThrow(corrupt)
      await expect(store.image('a')).rejects.toThrow(corrupt)
      await store.open('b')
      await store.quarantine('a', 'damaged')
      await install(store, sessionImage('a', VALUES))
      await store.open('a')
    },
  )

  test.each(DAMAGE)(
    'that is %s while it is open stops the session at the change that needs it',
    async (_, how) => {
      const stateDir = temporaryDirectory()
      const store = await openTestStore({ stateDir })
      await install(store, sessionImage('a', VALUES))
      await store.create('b', initAuthCreds())
      const [handle, other] = [await store.open('a'), await store.open('b')]
      const told = new Promise<Error>((resolve) => {
        handle.onDamage(resolve)
      })
      tamper(stateDir, how)
      const sets = [1, 2].map(async (n) => handle.state.keys.set({ 'lid-mapping': { [n]: null } }))
      const durable = handle.whenDurable().catch((error: unknown) => error)
      expect(await told).toEqual(corrupt)
      expect(await durable).toEqual(corrupt)
      expect(await isPending(Promise.race(sets))).toBe(true)
      expect(await isPending(Promise.resolve(handle.state.keys.get('lid-mapping', ['1'])))).toBe(
        true,
      )
      await expect(handle.saveCreds()).rejects.toThrow(corrupt)
      expect(store.find('a')?.seq).toBe(1)
      expect(store.pendingBytes).toBe(0)
      await other.state.keys.set({ 'lid-mapping': { x: 'y' } })

      await handle.close()
      await expect(store.open('a')).rejects.toThrow(corrupt)
      await store.quarantine('a', 'damaged')
      await install(store, sessionImage('a', VALUES))
      const restored = await store.open('a')
      await restored.state.keys.set({ 'lid-mapping': { 1: 'new' } })
      expect(store.find('a')?.seq).toBe(2)
    },
  )
})

test('a quarantined image can be read where it was set aside', async () => {
  const store = await openTestStore()
  await install(store, sessionImage('a', { 'lid-mapping': { x: 'y' } }))
  const path = await store.quarantine('a', 'a test')
  const db = new DatabaseSync(path, { readOnly: true })
  const body = db.prepare('SELECT body FROM images').get()?.['body']
  db.close()
  expect(Buffer.from(body as Uint8Array).includes(Buffer.from(encodeValue('y')))).toBe(true)
})
