import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KnownFolders } from '../../../src/daemon/known-folders.ts'
import { openFolderStore } from '../../../src/store/folder.ts'
import type { ObjectStore } from '../../../src/store/port.ts'

const GONE = { code: 'store.gone', retryable: true, exit: 6 }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

let dir: string
let root: string
let aside: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-gone-'))
  root = join(dir, 'mnt/objects')
  aside = join(dir, 'aside')
})
afterEach(() => rm(dir, { recursive: true }))

const open = () => openFolderStore(root, new KnownFolders(dir))

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const CALLS: Record<string, (store: ObjectStore) => Promise<unknown>> = {
  check: (store) => store.check(),
  'get what was there': (store) => store.get('v1/a'),
  'get what was not': (store) => store.get('v1/none'),
  put: (store) => store.put('v1/a', text('x')),
  'put if absent': (store) => store.putIfAbsent('v1/b', text('x')),
  swap: (store) => store.compareAndSwap('v1/a', text('x'), 'ab'.repeat(16)),
  remove: (store) => store.remove('v1/a'),
  list: (store) => collect(store.list('v1/')),
  'list parts': (store) => collect(store.listParts('')),
}

test.each(Object.entries(CALLS))('%s: refused while the folder is away', async (_, call) => {
  const store = await open()
  await store.put('v1/a', text('one'))

  await rename(root, aside)
  await expect(call(store)).rejects.toMatchObject({
    ...GONE,
    message: `the object folder ${root} is gone: it is not there`,
    hint: expect.stringContaining('mount'),
  })
  // What a mount leaves behind when it goes: the empty directory that it was mounted on.
  await mkdir(root)
  await expect(call(store)).rejects.toMatchObject({
    ...GONE,
    message: expect.stringContaining('without its marker'),
  })
  expect(await readdir(root)).toEqual([])

  await rm(root, { recursive: true })
  await rename(aside, root)
  expect((await store.get('v1/a'))?.bytes).toEqual(text('one'))
  await store.check()
})

test('a start finds that the folder has gone, and goes on when it is back', async () => {
  await (await open()).put('v1/a', text('one'))
  await rename(root, aside)
  const store = await open()
  await expect(store.check()).rejects.toMatchObject({
    ...GONE,
    hint: expect.stringContaining(join(dir, 'folders.json')),
  })
  expect(await readdir(join(dir, 'mnt'))).toEqual([])
  await rename(aside, root)
  await store.check()
  expect((await store.get('v1/a'))?.bytes).toEqual(text('one'))
})

test('another object folder in its place is refused, but where disks are exchanged', async () => {
  await (await open()).put('v1/a', text('one'))
  await rename(root, aside)
  await openFolderStore(root)
  await expect((await open()).check()).rejects.toMatchObject({
    ...GONE,
    message: expect.stringContaining('another object folder'),
  })
  const exchanged = await openFolderStore(root, new KnownFolders(dir, { rotates: true }))
  await exchanged.check()
})

test('a store whose marker was deleted under it is refused at the next look', async () => {
  const store = await open()
  await rm(join(root, '=id='), { recursive: true })
  await expect(store.check()).rejects.toMatchObject(GONE)
  await expect(store.put('v1/a', text('x'))).rejects.toMatchObject(GONE)
})

test('a folder of before there were markers is taken over with what it holds', async () => {
  await (await open()).put('v1/a', text('one'))
  await rm(join(root, '=id='), { recursive: true })
  await rm(join(dir, 'folders.json'))
  const store = await open()
  expect((await store.get('v1/a'))?.bytes).toEqual(text('one'))
  await rename(root, aside)
  await expect(store.check()).rejects.toMatchObject(GONE)
})

test('a host that lost its state knows the folder by its marker', async () => {
  await open()
  const known = await readFile(join(dir, 'folders.json'), 'utf8')
  await rm(join(dir, 'folders.json'))
  await open()
  expect(await readFile(join(dir, 'folders.json'), 'utf8')).toBe(known)
})

test('processes that begin a folder at once agree on its id', async () => {
  const hosts = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const host = join(dir, `host-${n}`)
      await mkdir(host)
      await openFolderStore(root, new KnownFolders(host))
      return readFile(join(host, 'folders.json'), 'utf8')
    }),
  )
  expect(new Set(hosts).size).toBe(1)
})

test('the marker is no object', async () => {
  const store = await open()
  expect(await collect(store.list(''))).toEqual([])
  expect(await collect(store.listParts(''))).toEqual([])
})

test('who only looks leaves no marker, and sees that it has gone', async () => {
  const looking = new KnownFolders(dir, { looks: true })
  await (await openFolderStore(root, looking)).check()
  expect(await readdir(root)).toEqual(['=work'])
  await open()
  await rename(root, aside)
  await expect((await openFolderStore(root, looking)).check()).rejects.toMatchObject(GONE)
})

test('a memory that cannot be read is damage, not a new folder', async () => {
  await writeFile(join(dir, 'folders.json'), '{')
  await expect(open()).rejects.toMatchObject({ code: 'state.corrupt' })
})
