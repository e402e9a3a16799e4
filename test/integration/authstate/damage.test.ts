import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isDeepStrictEqual } from 'node:util'

import { initAuthCreds } from '@whiskeysockets/baileys'
import { beforeAll, describe, expect, test } from 'vitest'

import { openAuthStore } from '../../../src/authstate/open.ts'
import type { AuthStore, Entry, LocalSession } from '../../../src/authstate/port.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'
import { sessionImage } from '../../support/session-image.ts'

const SESSIONS = ['alpha', 'beta', 'gamma']
/** A fourth session, installed and never changed. */
const IMAGE = 'delta'
const FLIPS = 80
const corrupt = expect.objectContaining({ code: 'state.corrupt' })

interface Truth {
  /** A state.db that was closed in order. */
  bytes: Buffer
  list: LocalSession[]
  entries: Map<string, Entry[]>
  hashes: Map<string, (string | undefined)[]>
  boot: string
}

let truth: Truth

beforeAll(async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'authstate-'))
  const store = await openAuthStore({ stateDir })
  for (const sessionId of SESSIONS) {
    await store.create(sessionId, initAuthCreds())
    await store.tag(sessionId, { epoch: 3, boot: store.boot }, false)
    const handle = await store.open(sessionId)
    for (let n = 0; n < 12; n += 1)
      await handle.state.keys.set({
        'identity-key': { [`${n}`]: Buffer.alloc(300 * (n + 1), n) },
        'lid-mapping': { [`${n}`]: `${sessionId} ${n}`, [`${n + 100}`]: 'x' },
      })
    await handle.close()
  }
  const values = Array.from({ length: 12 }, (_, n) => [`${n}`, Buffer.alloc(300 * (n + 1), n)])
  const tag = { epoch: 3, boot: store.boot }
  await store.install(sessionImage(IMAGE, { 'identity-key': Object.fromEntries(values) }, 5), tag)
  const entries = new Map<string, Entry[]>()
  const hashes = new Map<string, (string | undefined)[]>()
  for (const sessionId of [...SESSIONS, IMAGE]) {
    entries.set(sessionId, (await store.image(sessionId)).entries)
    hashes.set(sessionId, hashesOf(store, sessionId))
  }
  const { boot } = store
  const list = store.list()
  await store.close()
  truth = { bytes: readFileSync(join(stateDir, 'state.db')), list, entries, hashes, boot }
  rmSync(stateDir, { recursive: true })
})

function hashesOf(store: AuthStore, sessionId: string): (string | undefined)[] {
  return Array.from({ length: 14 }, (_, seq) => store.hashAt(sessionId, seq))
}

/** Runs a read; damage found is an answer as good as the right value. */
async function orCorrupt<T>(read: () => Promise<T>): Promise<T | 'found'> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'state.corrupt') return 'found'
    throw error
  }
}

interface Outcome {
  kind: 'set aside' | 'found' | 'unharmed'
  /** What was read as if it were right, and is not. */
  wrong: string[]
}

/** Bytes of the journal are counted when it is opened; its records are proven when they are read. */
function uncounted(session: LocalSession): LocalSession {
  return { ...session, backlogBytes: 0 }
}

async function judge(stateDir: string): Promise<Outcome> {
  const store = await openTestStore({ stateDir })
  const wrong: string[] = []
  const same = (what: string, seen: unknown, right: unknown) => {
    if (!isDeepStrictEqual(seen, right)) wrong.push(what)
  }
  let kind: Outcome['kind'] = 'unharmed'
  if (store.quarantined !== undefined) {
    same('list', store.list(), [])
    kind = 'set aside'
  } else {
    same('boots', store.isMine(truth.boot), true)
    same('list', store.list().map(uncounted), truth.list.map(uncounted))
    for (const sessionId of [...SESSIONS, IMAGE]) {
      const image = await orCorrupt(async () => (await store.image(sessionId)).entries)
      if (image !== 'found') same('values', image, truth.entries.get(sessionId))
      const opened = await orCorrupt(async () => (await store.open(sessionId)).verify())
      same('open', opened === 'found', image === 'found')
      const hashes = await orCorrupt(async () => hashesOf(store, sessionId))
      const right = truth.hashes.get(sessionId) ?? []
      // A change that is gone from the journal is unknown, which is no wrong answer.
      const known = hashes === 'found' ? [] : hashes
      for (const [seq, hash] of known.entries()) same('hash', hash ?? right[seq], right[seq])
      if (image === 'found' || hashes === 'found') kind = 'found'
    }
  }
  await orCorrupt(() => store.close())
  return { kind, wrong }
}

describe('a flipped byte', () => {
  test(
    'anywhere is found or harmless, never a wrong or missing value',
    { timeout: 300_000 },
    async () => {
      const seen = new Set<Outcome['kind']>()
      for (let n = 0; n < FLIPS; n += 1) {
        // Some in the file's header, where a byte does most, the others anywhere.
        const offset = n < 30 ? n * 4 : Math.floor(Math.random() * truth.bytes.length)
        const mask = 1 + Math.floor(Math.random() * 255)
        const stateDir = temporaryDirectory()
        const bytes = Buffer.from(truth.bytes)
        bytes[offset] = (bytes[offset] ?? 0) ^ mask
        writeFileSync(join(stateDir, 'state.db'), bytes)
        const { kind, wrong } = await judge(stateDir)
        expect({ offset, mask, wrong }).toEqual({ offset, mask, wrong: [] })
        seen.add(kind)
      }
      expect(seen).toEqual(new Set(['set aside', 'found', 'unharmed']))
    },
  )
})

describe('damage that SQLite does not see', () => {
  /** Opens the file as a plain database, changes it and puts it into a new state directory. */
  function tampered(change: string): string {
    const stateDir = temporaryDirectory()
    const file = join(stateDir, 'state.db')
    writeFileSync(file, truth.bytes)
    const db = new DatabaseSync(file)
    db.exec(change)
    db.close()
    return stateDir
  }

  test.each([
    ['a missing value', "DELETE FROM kv WHERE session = 2 AND id = '5'"],
    [
      'a value of another session',
      "UPDATE kv SET session = 2, id = '5y' WHERE session = 1 AND id = '5'",
    ],
    ['missing creds', "DELETE FROM kv WHERE session = 2 AND type = 'creds'"],
  ])('%s: the session is damaged, the others are not', async (_, change) => {
    const others = change.includes('session = 1') ? ['gamma'] : ['alpha', 'gamma']
    const store = await openTestStore({ stateDir: tampered(change) })
    expect(store.quarantined).toBeUndefined()
    await expect(store.open('beta')).rejects.toThrow(corrupt)
    await expect(store.open('beta')).rejects.toThrow(expect.objectContaining({ subject: 'beta' }))
    await expect(store.image('beta')).rejects.toThrow(corrupt)
    for (const sessionId of others) await store.open(sessionId)
    await store.quarantine('beta', 'damaged')
    expect(store.find('beta')).toBeUndefined()
  })

  test.each([
    ['a changed value', "UPDATE kv SET value = x'01c0' WHERE session = 2 AND id = '5'", '5'],
    ['a value under another name', "UPDATE kv SET id = '5x' WHERE session = 2 AND id = '5'", '5x'],
  ])('%s: found when it is read, and by a look at all values', async (_, change, id) => {
    const store = await openTestStore({ stateDir: tampered(change) })
    const handle = await store.open('beta')
    await expect(handle.state.keys.get('identity-key', [id])).rejects.toThrow(corrupt)
    await handle.close()
    // From then on the session is known as damaged.
    await expect(store.open('beta')).rejects.toThrow(corrupt)

    const other = await openTestStore({ stateDir: tampered(change) })
    const told: unknown[] = []
    const checked = await other.open('beta')
    checked.onDamage((error) => told.push(error))
    expect(() => checked.verify()).toThrow(corrupt)
    expect(told).toEqual([corrupt])
    for (const sessionId of ['alpha', 'gamma']) (await other.open(sessionId)).verify()
  })

  test.each([
    ['a changed session row', "UPDATE sessions SET seq = 9 WHERE id = 'beta'"],
    ['a changed tag', "UPDATE sessions SET tags = '[]' WHERE id = 'beta'"],
    ['a missing session row', "DELETE FROM sessions WHERE id = 'beta'"],
    ['a changed boot', "UPDATE boots SET boot = 'x'"],
    ['a missing meta row', "DELETE FROM meta WHERE key = 'roster'"],
    ['a missing table', 'DROP TABLE journal'],
    ['an older version number', 'PRAGMA user_version = 0'],
    ['a newer version number', 'PRAGMA user_version = 7'],
    ['a foreign file', 'PRAGMA application_id = 1'],
  ])('%s: the file is set aside with everything in it', async (_, change) => {
    const stateDir = tampered(change)
    const before = readFileSync(join(stateDir, 'state.db'))
    await expect(openAuthStore({ stateDir, onCorrupt: 'fail' })).rejects.toThrow(corrupt)
    expect(existsSync(join(stateDir, 'quarantine'))).toBe(false)
    const store = await openTestStore({ stateDir })
    expect(store.list()).toEqual([])
    expect(store.quarantined).toBeDefined()
    expect(readFileSync(store.quarantined ?? '').equals(before)).toBe(true)
    await store.create('beta', initAuthCreds())
  })

  // SQLite checks uniqueness row by row, so exchanges go through numbers that nobody has.
  test.each([
    [
      'of another change',
      `UPDATE journal SET seq = 99 - seq WHERE session = 2;
       UPDATE journal SET seq = seq - 85 WHERE session = 2`,
    ],
    [
      'of another session',
      `UPDATE journal SET session = 93 - session WHERE session < 3;
       UPDATE journal SET session = session - 90 WHERE session > 90`,
    ],
    [
      'cut short',
      'UPDATE journal SET record = CAST(substr(record, 1, 100) AS BLOB) WHERE session = 2',
    ],
  ])('a journal entry %s gives no hash', async (_, change) => {
    const store = await openTestStore({ stateDir: tampered(change) })
    expect(store.hashAt('beta', 13)).toBe(truth.hashes.get('beta')?.[13])
    expect(() => store.hashAt('beta', 6)).toThrow(corrupt)
    expect(store.hashAt('gamma', 6)).toBe(truth.hashes.get('gamma')?.[6])
    await store.open('beta')
  })

  test('a read that meets damage seals the session, tells, and never settles', async () => {
    const stateDir = temporaryDirectory()
    writeFileSync(join(stateDir, 'state.db'), truth.bytes)
    const store = await openTestStore({ stateDir })
    const handle = await store.open('beta')
    const told = new Promise<Error>((resolve) => {
      handle.onDamage(resolve)
    })
    const db = new DatabaseSync(join(stateDir, 'state.db'))
    db.exec("UPDATE kv SET value = x'01c0' WHERE session = 2 AND id = '5'")
    db.close()
    void handle.state.keys.get('lid-mapping', ['5'])
    expect(await told).toEqual(corrupt)
    expect(readdirSync(stateDir)).not.toContain('quarantine')
  })
})
