import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openFolderStore } from '../../../src/store/folder.ts'
import { sweepWork } from '../../../src/store/folder-sweep.ts'
import type { ObjectStore } from '../../../src/store/port.ts'
import { collect } from '../../support/collect.ts'

const run = promisify(execFile)
const WRITER = join(import.meta.dirname, '../../support/folder-writer.ts')

let dir: string
let store: ObjectStore

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-store-'))
  store = await openFolderStore(dir)
})

afterEach(() => rm(dir, { recursive: true }))

async function together(job: string, argument: number, processes: number): Promise<string[]> {
  const runs = Array.from({ length: processes }, () =>
    run(process.execPath, [WRITER, dir, job, String(argument)]),
  )
  return (await Promise.all(runs)).map(({ stdout }) => stdout)
}

describe('several processes on one folder', () => {
  test('no increment is lost and none counts twice', async () => {
    await store.put('counter', Buffer.from('0'))
    await together('increment', 150, 3)
    expect(Buffer.from((await store.get('counter'))?.bytes ?? []).toString()).toBe('450')
  })

  test('each slot has one creator', async () => {
    const outputs = await together('claim', 200, 3)
    const won = outputs.flatMap((output) => JSON.parse(output) as number[])
    expect(won.toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 200 }, (_, slot) => slot),
    )
  })

  test('amid removals no etag comes twice and none is swapped away twice', async () => {
    const outputs = await together('churn', 150, 3)
    const logs = outputs.map(
      (output) => JSON.parse(output) as { created: string[]; swapped: string[] },
    )
    const created = logs.flatMap((log) => log.created)
    const swapped = logs.flatMap((log) => log.swapped)
    expect(swapped.length).toBeGreaterThan(0)
    expect(new Set(created).size).toBe(created.length)
    expect(new Set(swapped).size).toBe(swapped.length)
    expect(created).toEqual(expect.arrayContaining(swapped))
  })
})

describe('a writer that is killed', () => {
  test('leaves whole objects, and readers meet no other', async () => {
    let reads = 0
    for (let round = 0; round < 8; round += 1) {
      const writer = fork(WRITER, [dir, 'write-for-ever'], { execArgv: [] })
      const exited = once(writer, 'exit')
      const goal = reads + 30 + round * 13
      await expect.poll(() => store.get('torn/swapped'), { timeout: 20_000 }).toBeDefined()
      for (; reads < goal; reads += 1) expectWhole((await store.get('torn/swapped'))?.bytes)
      writer.kill('SIGKILL')
      await exited
      expectWhole((await store.get('torn/swapped'))?.bytes)
      for (const { name, size } of await collect(store.list('torn/'))) {
        const object = await store.get(name)
        expectWhole(object?.bytes)
        expect(object?.bytes.length).toBe(size)
      }
    }
    // The next writer goes on, and takes along what the dead ones left in the object.
    await store.put('torn/swapped', Buffer.from('4:good'))
    const [version = ''] = await readdir(join(dir, 'torn/swapped='))
    expect(await readdir(join(dir, 'torn/swapped=', version))).toEqual([version])
    await sweepWork(dir, Date.now() + 11 * 60_000)
    expect(await readdir(join(dir, '=work'))).toEqual([])
  })
})

test('only the owner may read the folder', async () => {
  await store.put('v1/sessions/a', Buffer.from('x'))
  const paths = await readdir(dir, { recursive: true, withFileTypes: true })
  expect(paths.length).toBeGreaterThan(3)
  for (const entry of paths) {
    const { mode } = await stat(join(entry.parentPath, entry.name))
    expect([entry.name, mode & 0o777]).toEqual([entry.name, entry.isDirectory() ? 0o700 : 0o600])
  }
})

function expectWhole(bytes: Uint8Array | undefined): void {
  const [length, letters = ''] = Buffer.from(bytes ?? [])
    .toString()
    .split(':')
  expect(letters.length).toBe(Number(length))
  expect(letters).toBe(letters.slice(0, 1).repeat(letters.length))
}
