import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openFolderStore } from '../../../src/store/folder.ts'
import { sweepWork } from '../../../src/store/folder-sweep.ts'
import { openStore } from '../../../src/store/open.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-store-'))
})
afterEach(() => rm(dir, { recursive: true }))

test('makes a missing folder, for its owner alone', async () => {
  const root = join(dir, 'srv/objects')
  const store = await openStore({ kind: 'folder', dir: root })
  expect(store.label).toBe(`folder ${root}`)
  expect(store.offHost).toBe(false)
  expect((await stat(root)).mode & 0o777).toBe(0o700)
})

test.each(['', '/below'])('says so where a file is in the way%s', async (below) => {
  const file = join(dir, 'file')
  await writeFile(file, 'x')
  await expect(openFolderStore(file + below)).rejects.toMatchObject({
    code: 'store.unavailable',
    message: expect.stringContaining('is a file'),
    hint: expect.stringContaining('WA_GATEWAY_STORAGE_DIR'),
  })
})

test('a second opening sees what the first has stored', async () => {
  const first = await openFolderStore(dir)
  const { etag } = await first.put('v1/a', Buffer.from('x'))
  await first.close()
  const second = await openFolderStore(dir)
  expect((await second.get('v1/a'))?.etag).toBe(etag)
})

test('an object directory that somebody emptied is damage, not absence', async () => {
  const store = await openFolderStore(dir)
  await store.put('v1/a', Buffer.from('x'))
  const [version = ''] = await readdir(join(dir, 'v1/a='))
  await rm(join(dir, 'v1/a=', version, version))
  await expect(store.get('v1/a')).rejects.toMatchObject({ code: 'store.unavailable' })
  await rm(join(dir, 'v1/a=', version), { recursive: true })
  await expect(store.get('v1/a')).rejects.toMatchObject({ code: 'store.unavailable' })
})

test('empty parents that a crash left are no parts of a name', async () => {
  const store = await openFolderStore(dir)
  await mkdir(join(dir, 'v1/left/over'), { recursive: true })
  await store.put('v1/real/a', Buffer.from('x'))
  const parts: string[] = []
  for await (const part of store.listParts('v1/')) parts.push(part)
  expect(parts).toEqual(['real'])
})

test('sweeps old work of dead processes only', async () => {
  const work = join(dir, '=work')
  const dead = '4194303-aaaaaaaa-1.new'
  const alive = `${process.ppid}-aaaaaaaa-1.new`
  for (const entry of [dead, alive]) await mkdir(join(work, entry, 'inner'), { recursive: true })
  await openFolderStore(dir)
  expect((await readdir(work)).toSorted()).toEqual([dead, alive].toSorted())
  await sweepWork(dir, Date.now() + 11 * 60_000)
  expect(await readdir(work)).toEqual([alive])
  await sweepWork(dir, Date.now() + 25 * 3_600_000)
  expect(await readdir(work)).toEqual([])
})
