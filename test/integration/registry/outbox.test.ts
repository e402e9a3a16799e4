import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OutboxRow } from '../../../src/registry/port.ts'
import { openSqliteRegistry, type OpenedRegistry } from '../../../src/registry/sqlite.ts'

let dir: string
let opened: OpenedRegistry

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-outbox-'))
  await reopen()
})

afterEach(async () => {
  await opened.registry.close()
  await rm(dir, { recursive: true })
})

async function reopen(): Promise<void> {
  opened = await openSqliteRegistry({ file: join(dir, 'registry.db') })
}

const row = (seq: number, body = '{}'): OutboxRow => ({
  seq,
  lane: 'worker',
  call: 'recovery status',
  body,
  at: seq * 10,
})
const NOTHING = { put: [], remove: [], refuse: [], counts: {} }

test('what is put stays over a restart, in order, until it is removed', async () => {
  const { outbox } = opened
  expect(await outbox.load()).toEqual({ waiting: [], counts: {} })
  await outbox.write({ ...NOTHING, put: [row(2), row(1, '{"ä":"☎"}'), row(3)] })
  await outbox.write({ ...NOTHING, put: [row(4)], remove: [2, 77], counts: { dropped: 5 } })
  await opened.registry.close()
  await reopen()
  const { waiting, counts } = await opened.outbox.load()
  expect(waiting.map((one) => ({ ...one }))).toEqual([row(1, '{"ä":"☎"}'), row(3), row(4)])
  expect(counts).toEqual({ dropped: 5 })
})

test('many at once are written and removed', async () => {
  const put = Array.from({ length: 1_700 }, (_, seq) => row(seq + 1))
  await opened.outbox.write({ ...NOTHING, put })
  expect((await opened.outbox.load()).waiting).toHaveLength(1_700)
  await opened.outbox.write({ ...NOTHING, remove: put.map(({ seq }) => seq) })
  expect((await opened.outbox.load()).waiting).toEqual([])
})

test('what was refused is kept apart, the newest hundred of it', async () => {
  const refuse = Array.from({ length: 130 }, (_, n) => ({
    ...row(n + 1),
    refusedAt: 1_000 + n,
    error: `no ${n}`,
  }))
  await opened.outbox.write({ ...NOTHING, put: [row(500)], refuse })
  const { waiting, refused } = await opened.outbox.load()
  expect(waiting.map(({ seq }) => seq)).toEqual([500])
  expect(refused).toMatchObject({ seq: 130, error: 'no 129', refusedAt: 1_129 })
})

test('instants are remembered', async () => {
  expect(await opened.instants.read('x')).toBeUndefined()
  await opened.instants.write('x', 5)
  await opened.instants.write('x', Date.UTC(2026, 0, 1))
  expect(await opened.instants.read('x')).toBe(Date.UTC(2026, 0, 1))
  // Counts of the outbox are numbers too, but none of these.
  expect((await opened.outbox.load()).counts).toEqual({})
})
