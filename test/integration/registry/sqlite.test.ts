import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteRegistry } from '../../../src/registry/sqlite.ts'

let dir: string
let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wa-registry-'))
  file = join(dir, 'registry.db')
})

afterEach(() => {
  rmSync(dir, { recursive: true, force: true })
})

async function makeRegistry(sessions: number): Promise<void> {
  const { registry } = await openSqliteRegistry({ file })
  for (let i = 0; i < sessions; i++) await registry.save(`session-${i}`, { name: 'n'.repeat(200) })
  await registry.close()
}

function change(sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

test('the files are for their owner only, also where the mode was wider', async () => {
  const old = process.umask(0)
  try {
    file = join(dir, 'deep', 'state', 'registry.db')
    const first = await openSqliteRegistry({ file })
    await first.registry.save('s1', {})
    for (const end of ['', '-wal', '-shm']) expect(statSync(file + end).mode & 0o777).toBe(0o600)
    expect(statSync(join(dir, 'deep', 'state')).mode & 0o777).toBe(0o700)
    await first.registry.close()
    chmodSync(file, 0o644)
    const second = await openSqliteRegistry({ file })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await second.registry.close()
  } finally {
    process.umask(old)
  }
})

test.each<[string, () => void]>([
  ['is no database', () => writeFileSync(file, 'this was a registry once'.repeat(100))],
  ['lost its second half', () => writeFileSync(file, halfOf(readFileSync(file)))],
  ['has a page overwritten', () => writeFileSync(file, scratched(readFileSync(file)))],
  ['lost its table', () => change('DROP TABLE sessions')],
  ['lost a column', () => change('ALTER TABLE sessions DROP COLUMN phone')],
])('a registry that %s is set aside whole, and a new one begun', async (_, damage) => {
  await makeRegistry(200)
  damage()
  const damaged = readFileSync(file)
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5)
  const { registry, warnings } = await openSqliteRegistry({ file, now })
  const aside = `${file}.damaged-2026-01-02T03-04-05-000Z`
  expect(warnings).toEqual([
    `the registry ${file} was damaged and is now ${aside}; a new one was begun`,
  ])
  expect(readFileSync(aside)).toEqual(damaged)
  expect(await registry.list()).toEqual([])
  await registry.save('s1', {})
  await registry.close()
  const again = await openSqliteRegistry({ file })
  expect(again.warnings).toEqual([])
  expect(await again.registry.list()).toHaveLength(1)
  await again.registry.close()
})

test('a second damage at the same time of day keeps the first file', async () => {
  for (const content of ['first'.repeat(99), 'second'.repeat(99)]) {
    writeFileSync(file, content)
    rmSync(`${file}-wal`, { force: true })
    const opened = await openSqliteRegistry({ file, now: () => 0 })
    await opened.registry.close()
  }
  const aside = readdirSync(dir).filter((name) => /damaged-1970[^-]*-01-01T[\dZ-]+$/.test(name))
  expect(aside).toHaveLength(2)
})

test('an empty file is a new registry', async () => {
  writeFileSync(file, '')
  const { registry, warnings } = await openSqliteRegistry({ file })
  expect(warnings).toEqual([])
  expect(await registry.list()).toEqual([])
  await registry.close()
})

test('a database of something else is refused and left as it is', async () => {
  change('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)')
  const before = readFileSync(file)
  await expect(openSqliteRegistry({ file })).rejects.toMatchObject({
    code: 'state.corrupt',
    message: `${file} is a database of something else`,
  })
  expect(readFileSync(file)).toEqual(before)
  expect(readdirSync(dir)).toEqual(['registry.db'])
})

test('a registry of a newer program is refused and kept', async () => {
  await makeRegistry(1)
  change('PRAGMA user_version = 99')
  await expect(openSqliteRegistry({ file })).rejects.toMatchObject({
    code: 'state.newer',
    exit: 78,
  })
  expect(readdirSync(dir)).toEqual(['registry.db'])
})

test('states and causes of another version become neutral ones', async () => {
  await makeRegistry(1)
  change(`UPDATE sessions SET last_state = 'hovering', last_cause = 'toString'`)
  const { registry } = await openSqliteRegistry({ file })
  expect(await registry.list()).toMatchObject([{ lastState: 'idle', lastCause: null }])
  await registry.close()
})

test('a file that another program locks is an error that says so', async () => {
  await makeRegistry(1)
  const { registry } = await openSqliteRegistry({ file, busyTimeout: 1 })
  const other = new DatabaseSync(file)
  try {
    other.exec('BEGIN IMMEDIATE')
    await expect(registry.save('s1', {})).rejects.toMatchObject({ code: 'state.locked' })
  } finally {
    other.close()
    await registry.close()
  }
})

test('a directory in its place is an error, not something to set aside', async () => {
  mkdirSync(file)
  await expect(openSqliteRegistry({ file })).rejects.toMatchObject({ subject: file })
  expect(readdirSync(dir)).toEqual(['registry.db'])
})

test('what was saved before kill -9 is there afterwards', async () => {
  const script = `
    const { openSqliteRegistry } = await import(${JSON.stringify(new URL('../../../src/registry/sqlite.ts', import.meta.url).href)})
    const { registry } = await openSqliteRegistry({ file: ${JSON.stringify(file)} })
    await registry.save('s1', { userId: 'u1' })
    process.kill(process.pid, 'SIGKILL')`
  expect(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' }),
  ).toThrow(/./)
  const { registry, warnings } = await openSqliteRegistry({ file })
  expect(warnings).toEqual([])
  expect(await registry.list()).toMatchObject([{ id: 's1', userId: 'u1' }])
  await registry.close()
})

const halfOf = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2)

function scratched(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.fill(0xa5, 3 * 4096, 4 * 4096)
  return copy
}
