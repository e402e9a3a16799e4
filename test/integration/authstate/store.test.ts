import { chmodSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { initAuthCreds, proto } from '@whiskeysockets/baileys'
import { describe, expect, test } from 'vitest'

import { GENESIS_HASH } from '../../../src/authstate/chain.ts'
import { checksum } from '../../../src/authstate/checksum.ts'
import { decodeValue, encodeValue } from '../../../src/authstate/codec.ts'
import type { Entry, SessionImage } from '../../../src/authstate/port.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

const pair = (n: number) => ({ public: Buffer.from([n]), private: Buffer.from([n, n]) })
const code = (value: string) => expect.objectContaining({ code: value })

function testImage(sessionId: string, keys: number): SessionImage {
  const creds = { ...initAuthCreds(), account: { details: Buffer.from('phone') } }
  const entries = [{ type: 'creds', id: '', value: encodeValue(creds) }]
  for (let n = 0; n < keys; n += 1)
    entries.push({ type: 'pre-key', id: String(n), value: encodeValue(pair(n % 256)) })
  return { sessionId, seq: 41, hash: 'ab'.repeat(32), changedAt: 1_000, entries }
}

function sorted(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => (`${a.type} ${a.id}` < `${b.type} ${b.id}` ? -1 : 1))
}

test('what was set is there after the store was opened again', async () => {
  const stateDir = temporaryDirectory()
  const first = await openTestStore({ stateDir })
  const creds = initAuthCreds()
  await first.create('alice', creds)
  const handle = await first.open('alice')
  await handle.state.keys.set({ 'pre-key': { 1: pair(1), 2: pair(2) } })
  await handle.state.keys.set({ 'pre-key': { 2: null } })
  const before = first.find('alice')
  await first.close()

  const second = await openTestStore({ stateDir })
  expect(second.find('alice')).toEqual(before)
  expect(before).toMatchObject({ seq: 3, keys: 1, paired: false, storedSeq: 0, tags: [] })
  const again = await second.open('alice')
  expect(await again.state.keys.get('pre-key', ['1', '2'])).toEqual({ 1: pair(1) })
  expect(again.state.creds.noiseKey).toEqual(creds.noiseKey)
})

test('boots are minted anew and known for ever', async () => {
  const stateDir = temporaryDirectory()
  const first = await openTestStore({ stateDir })
  const boots = [first.boot, await first.renewBoot()]
  expect(first.boot).toBe(boots[1])
  await first.close()
  const second = await openTestStore({ stateDir })
  boots.push(second.boot)
  expect(new Set(boots).size).toBe(3)
  for (const boot of boots) {
    expect(boot).toMatch(/^[0-9a-f]{32}$/)
    expect(second.isMine(boot)).toBe(true)
  }
  expect(second.isMine('0'.repeat(32))).toBe(false)
})

describe('create', () => {
  test('goes on after a base', async () => {
    const store = await openTestStore()
    await store.create('a', initAuthCreds(), { seq: 9, hash: 'cd'.repeat(32) })
    expect(store.find('a')).toMatchObject({ seq: 10, storedSeq: 9 })
    expect(store.hashAt('a', 9)).toBe('cd'.repeat(32))
  })

  test('refuses a session that exists, a bad name and creds without keys', async () => {
    const store = await openTestStore()
    await store.create('a', initAuthCreds())
    await expect(store.create('a', initAuthCreds())).rejects.toThrow(code('session.busy'))
    await expect(store.create('../a', initAuthCreds())).rejects.toThrow(code('session.bad-id'))
    const empty = {} as ReturnType<typeof initAuthCreds>
    await expect(store.create('b', empty)).rejects.toThrow(code('state.corrupt'))
    expect(store.list().map((session) => session.sessionId)).toEqual(['a'])
  })

  test('of one session twice at once succeeds once', async () => {
    const store = await openTestStore()
    const creds = initAuthCreds()
    const results = await Promise.allSettled([store.create('a', creds), store.create('a', creds)])
    expect(results.map((result) => result.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('images', () => {
  test('an installed image is given back as it was', async () => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    const image = testImage('a', 1_418)
    const tag = { epoch: 3, boot: store.boot }
    await store.install(image, tag)
    const found = { seq: 41, storedSeq: 41, keys: 1_418, paired: true, tags: [tag] }
    expect(store.find('a')).toMatchObject(found)
    await store.close()

    const again = await openTestStore({ stateDir })
    expect(again.find('a')).toMatchObject(found)
    const { entries, ...rest } = await again.image('a')
    expect(rest).toEqual({ sessionId: 'a', seq: 41, hash: image.hash, changedAt: image.changedAt })
    expect(sorted(entries)).toEqual(sorted(image.entries))
  })

  test('an image without creds is refused, and one over an existing session', async () => {
    const store = await openTestStore()
    const image = testImage('a', 2)
    const tag = { epoch: 1, boot: store.boot }
    const bare = { ...image, entries: image.entries.slice(1) }
    await expect(store.install(bare, tag)).rejects.toThrow(code('state.corrupt'))
    await store.install(image, tag)
    await expect(store.install(image, tag)).rejects.toThrow(code('session.busy'))
  })

  test('are of one moment while writes go on', async () => {
    const store = await openTestStore()
    await store.create('a', initAuthCreds())
    const handle = await store.open('a')
    const stop = new AbortController()
    const writer = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1)
        await handle.state.keys.set({ 'lid-mapping': { x: String(n), y: String(n) } })
    })()
    for (let round = 0; round < 50; round += 1) {
      await handle.whenDurable(handle.seq)
      const { seq, hash, entries } = await store.image('a')
      const values = entries
        .filter((e) => e.type === 'lid-mapping')
        .map((e) => decodeValue(e.value))
      // Change 1 is the creds, so change n wrote n - 2.
      expect(values).toEqual(seq === 1 ? [] : [String(seq - 2), String(seq - 2)])
      expect(hash).toBe(store.hashAt('a', seq))
    }
    stop.abort()
    await writer
  })
})

test('a state that the file shows before its commit was answered is known once it is returned', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  await store.create('a', initAuthCreds())
  const handle = await store.open('a')
  const file = new DatabaseSync(join(stateDir, 'state.db'), { readOnly: true })
  const row = file.prepare('SELECT seq FROM sessions')

  const writing = handle.state.keys.set({ 'lid-mapping': { x: 'new' } })
  const image = await new Promise<SessionImage>((resolve, reject) => {
    // The commit is ordered in this turn of the event loop, and no answer is taken before the next.
    setImmediate(() => {
      const end = Date.now() + 30_000
      while (row.get()?.['seq'] !== 2 && Date.now() < end);
      store.image('a').then(resolve, reject)
    })
  })
  file.close()
  expect(image.seq).toBe(2)
  expect(store.find('a')?.seq).toBe(2)
  await store.confirmStored('a', image.seq)
  await writing
})

test('the chain of hashes is known as far back as the journal goes', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  await store.create('a', initAuthCreds())
  const handle = await store.open('a')
  for (let n = 2; n <= 6; n += 1) await handle.state.keys.set({ 'lid-mapping': { x: String(n) } })
  const hashes = [0, 1, 2, 3, 4, 5, 6].map((seq) => store.hashAt('a', seq))
  expect(new Set(hashes).size).toBe(7)
  expect(hashes[0]).toBe(GENESIS_HASH)
  expect(hashes[6]).toBe(store.find('a')?.hash)

  await store.confirmStored('a', 4)
  expect(store.find('a')?.storedSeq).toBe(4)
  await store.confirmStored('a', 2)
  expect(store.find('a')?.storedSeq).toBe(4)
  await expect(store.confirmStored('a', 7)).rejects.toThrow(RangeError)
  const kept = [undefined, undefined, undefined, undefined, ...hashes.slice(4), undefined]
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((seq) => store.hashAt('a', seq))).toEqual(kept)
  await store.close()
  const again = await openTestStore({ stateDir })
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((seq) => again.hashAt('a', seq))).toEqual(kept)
})

test('tags are kept or replaced, and go once a newer epoch is confirmed', async () => {
  const store = await openTestStore()
  await store.create('a', initAuthCreds())
  const tags = () => store.find('a')?.tags.map((tag) => tag.epoch)
  // At once: each must build upon the one before.
  await Promise.all([1, 2, 2].map((epoch) => store.tag('a', { epoch, boot: store.boot }, true)))
  expect(tags()).toEqual([1, 2])
  await store.confirmEpoch('a', 2)
  expect(store.find('a')?.confirmedEpoch).toBe(2)
  expect(tags()).toEqual([2])
  await store.confirmEpoch('a', 1)
  expect(store.find('a')?.confirmedEpoch).toBe(2)
  await store.tag('a', { epoch: 3, boot: store.boot }, false)
  expect(tags()).toEqual([3])
})

describe('taking a session away', () => {
  test('quarantine leaves a file with everything in it', async () => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    await store.create('a', initAuthCreds())
    await store.install(testImage('b', 5), { epoch: 1, boot: store.boot })
    const before = store.find('b')
    const path = await store.quarantine('b', 'a test')
    expect(path.startsWith(join(stateDir, 'quarantine', 'b-'))).toBe(true)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(stateDir, 'quarantine'))).toHaveLength(1)
    expect(store.list().map((session) => session.sessionId)).toEqual(['a'])
    const db = new DatabaseSync(path, { readOnly: true })
    expect(db.prepare('SELECT id, seq, hash FROM sessions').all()).toMatchObject([
      { id: 'b', seq: before?.seq, hash: before?.hash },
    ])
    expect(db.prepare('SELECT count(*) AS n FROM images').get()).toMatchObject({ n: 1 })
    db.close()
    await store.install(testImage('b', 1), { epoch: 2, boot: store.boot })
    expect(await store.quarantine('b', 'again')).not.toBe(path)
  })

  test('purge deletes every row', async () => {
    const stateDir = temporaryDirectory()
    const store = await openTestStore({ stateDir })
    await store.create('a', initAuthCreds())
    await store.purge('a')
    expect(store.list()).toEqual([])
    await expect(store.open('a')).rejects.toThrow(code('session.unknown'))
    await store.close()
    const db = new DatabaseSync(join(stateDir, 'state.db'), { readOnly: true })
    for (const table of ['sessions', 'kv', 'images', 'journal'])
      expect(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toMatchObject({ n: 0 })
    db.close()
  })

  test('is refused while the session is open', async () => {
    const store = await openTestStore()
    await store.create('a', initAuthCreds())
    const handle = await store.open('a')
    await expect(store.open('a')).rejects.toThrow(code('session.busy'))
    await expect(store.purge('a')).rejects.toThrow(code('session.busy'))
    await expect(store.quarantine('a', '')).rejects.toThrow(code('session.busy'))
    await handle.close()
    await store.purge('a')
  })
})

test('files are for their owner only, also where they existed with other modes', async () => {
  const stateDir = join(temporaryDirectory(), 'state')
  const previous = process.umask(0)
  const store = await openTestStore({ stateDir })
  process.umask(previous)
  await store.create('a', initAuthCreds())
  const modes = () =>
    Object.fromEntries(
      readdirSync(stateDir).map((name) => [name, statSync(join(stateDir, name)).mode & 0o777]),
    )
  expect(statSync(stateDir).mode & 0o777).toBe(0o700)
  expect(modes()).toEqual({
    'lock.db': 0o600,
    'lock.pid': 0o600,
    'state.db': 0o600,
    'state.db-shm': 0o600,
    'state.db-wal': 0o600,
  })
  await store.close()
  expect(existsSync(join(stateDir, 'state.db-wal'))).toBe(false)

  for (const name of readdirSync(stateDir)) chmodSync(join(stateDir, name), 0o666)
  chmodSync(stateDir, 0o777)
  await openTestStore({ stateDir })
  expect(new Set(Object.values(modes()))).toEqual(new Set([0o600]))
  expect(statSync(stateDir).mode & 0o777).toBe(0o700)
})

test('a newer version of the file is left alone', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  await store.create('a', initAuthCreds())
  await store.close()
  const db = new DatabaseSync(join(stateDir, 'state.db'))
  db.exec('PRAGMA user_version = 99')
  db.prepare("UPDATE meta SET value = '99', sum = ? WHERE key = 'schema'").run(
    checksum('schema', '99'),
  )
  db.close()
  await expect(openTestStore({ stateDir })).rejects.toThrow(code('state.newer'))
  expect(existsSync(join(stateDir, 'quarantine'))).toBe(false)
})

test('revive sees every value that is read', async () => {
  const { AppStateSyncKeyData } = proto.Message
  const store = await openTestStore({
    revive: (type, value) =>
      type === 'app-state-sync-key'
        ? AppStateSyncKeyData.fromObject(value as Record<string, unknown>)
        : value,
  })
  await store.create('a', initAuthCreds())
  const { keys } = (await store.open('a')).state
  const key = AppStateSyncKeyData.fromObject({ keyData: Buffer.from('secret'), timestamp: 5 })
  await keys.set({ 'app-state-sync-key': { k: key } })
  const { k } = await keys.get('app-state-sync-key', ['k'])
  expect(k).toBeInstanceOf(AppStateSyncKeyData)
  expect(Buffer.from(k?.keyData ?? []).toString()).toBe('secret')
})
