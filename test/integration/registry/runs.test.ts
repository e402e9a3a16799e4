import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteRegistry, type OpenedRegistry } from '../../../src/registry/sqlite.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'

let dir: string
let opened: OpenedRegistry

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-runs-'))
  opened = await openSqliteRegistry({ file: join(dir, 'registry.db') })
})

afterEach(async () => {
  await opened.registry.close()
  await rm(dir, { recursive: true })
})

const begun = { trigger: 'operator', startedAt: 100, total: 3 } as const
const result = (sessionId: string, more: Partial<RecoveryResult> = {}): RecoveryResult => ({
  sessionId,
  outcome: 'recovered',
  route: 'warm',
  attempts: 1,
  durations: { restore: 1, connect: 2, total: 3 },
  ...more,
})

test('a run is there from its beginning, with what has settled of it', async () => {
  const { runs } = opened
  expect(await runs.find()).toBeUndefined()
  const id = await runs.begin({ ...begun, trigger: 'start', source: 'cache' })
  await runs.record(id, [result('ben'), result('anna', { route: 'cold', recoveredAt: 7 })])
  const failed = result('carl', { outcome: 'failed', cause: 'timeout', detail: 'after 30 s' })
  const running = await runs.find(id)
  expect(running?.run).toMatchObject({ state: 'running', recovered: 2, warm: 1, cold: 1 })
  await runs.record(id, [failed])
  await runs.end(id, 200)
  const { run, results } = (await runs.find()) ?? {}
  expect(run).toEqual({
    id,
    trigger: 'start',
    source: 'cache',
    state: 'ended',
    startedAt: 100,
    endedAt: 200,
    total: 3,
    recovered: 2,
    failed: 1,
    skipped: 0,
    warm: 2,
    cold: 1,
    none: 0,
  })
  expect(results).toEqual([
    result('anna', { route: 'cold', recoveredAt: 7 }),
    result('ben'),
    failed,
  ])
})

test('lists are newest first, limited, and of one session where that is asked', async () => {
  const { runs } = opened
  const ids: number[] = []
  for (const session of ['anna', 'ben', 'anna']) {
    const id = await runs.begin(begun)
    await runs.record(id, [result(session)])
    ids.push(id)
  }
  const [first, second, third] = ids
  const listed = async (options: Parameters<typeof runs.list>[0]) =>
    (await runs.list(options)).map(({ id }) => id)
  expect(await listed({ limit: 10 })).toEqual([third, second, first])
  expect(await listed({ limit: 2 })).toEqual([third, second])
  expect(await listed({ limit: 10, session: 'anna' })).toEqual([third, first])
  expect(await listed({ limit: 10, session: 'nobody' })).toEqual([])
})

test('what an earlier process left running is interrupted', async () => {
  const { runs } = opened
  const ended = await runs.begin(begun)
  await runs.end(ended, 150)
  const left = await runs.begin(begun)
  await runs.interrupt()
  expect((await runs.find(left))?.run).toMatchObject({ state: 'interrupted' })
  expect((await runs.find(left))?.run.endedAt).toBeUndefined()
  expect((await runs.find(ended))?.run.state).toBe('ended')
})

test('old runs go with their results', async () => {
  const { runs } = opened
  for (let n = 0; n < 105; n++) {
    const id = await runs.begin(begun)
    await runs.record(id, [result('anna')])
    await runs.end(id, 200)
  }
  await runs.prune(300)
  expect(await runs.list({ limit: 1_000 })).toHaveLength(100)
  expect(await runs.list({ limit: 1_000, session: 'anna' })).toHaveLength(100)
  expect(await runs.find(1)).toBeUndefined()
})

test('a thousand results at once', async () => {
  const { runs } = opened
  const id = await runs.begin({ ...begun, total: 1_000 })
  await runs.record(
    id,
    Array.from({ length: 1_000 }, (_, n) => result(`session-${n}`)),
  )
  const found = await runs.find(id)
  expect(found?.results).toHaveLength(1_000)
  expect(found?.run.recovered).toBe(1_000)
})
