import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { folderSource } from '../../../src/transfer/folder-source.ts'
import { encodePortable, masterKeys, newMasterKey } from '../../../src/transfer/portable.ts'
import { readStably } from '../../../src/transfer/read-stably.ts'
import type { SourceSession } from '../../../src/transfer/source.ts'
import { filesOf, linkedState } from './states.ts'

const { signal } = new AbortController()
const unlock = masterKeys(async () => 'some words')

async function tree(files: Record<string, string | Uint8Array>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'wa-tree-'))
  onTestFinished(() => rm(root, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), content)
  }
  return root
}

async function found(root: string): Promise<SourceSession[]> {
  const sessions: SourceSession[] = []
  for await (const session of (await folderSource(root, unlock)).sessions(signal))
    sessions.push(session)
  return sessions
}

test('a tree has folders, folders in folders, and portable files', async () => {
  const root = await tree({
    'creds.json': '{}',
    'one/creds.json': '{}',
    'one/pre-key-1.json': '{}',
    'deep/er/two/creds.json': '{}',
    'keys-only/session-4477.0.json': '{}',
    'files/three.wagw': '',
    'empty/readme.txt': '',
    '.hidden/creds.json': '{}',
  })
  await symlink(join(root, 'one'), join(root, 'link'))
  const names = (await found(root)).map(({ place }) => place.slice(root.length + 1))
  expect(names).toEqual(['', 'deep/er/two', 'files/three.wagw', 'keys-only', 'one'])
  expect((await found(join(root, 'one'))).map(({ id }) => id)).toEqual(['one'])
  await expect(found(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'usage' })
})

test('a folder is read as it is; what is not of Baileys is named and left', async () => {
  const entries = linkedState()
  const files = Object.fromEntries(filesOf(entries))
  const root = await tree({ ...files, 'baileys_store.json': 'x', 'session-4477-1.0.json': '{}' })
  const before = await readFile(join(root, 'creds.json'))
  const [session] = await found(root)
  const read = await session?.read(signal)
  expect(read).toMatchObject({
    kind: 'state',
    damaged: [],
    notes: [
      expect.stringContaining('session-4477-1.0.json') as string,
      expect.stringContaining('baileys_store.json') as string,
    ],
  })
  const got = read?.kind === 'state' ? read.entries : []
  const byName = (a: { type: string; id: string }, b: typeof a) =>
    `${a.type}${a.id}` < `${b.type}${b.id}` ? -1 : 1
  expect(got.toSorted(byName)).toEqual(entries.toSorted(byName))
  expect(await readFile(join(root, 'creds.json'))).toEqual(before)
})

test('the session of a portable file has the name that stands in it', async () => {
  const key = await newMasterKey('some words', { log2N: 10, r: 1, p: 1 })
  const about = { session: 'anna', worker: 'w', seq: 1, hash: 'ab', at: 1 }
  const root = await tree({ 'renamed.wagw': await encodePortable(about, linkedState(), key) })
  const [session] = await found(root)
  expect(await session?.read(signal)).toMatchObject({ kind: 'state', session: 'anna' })
})

test.each([
  ['a file that grew', 'creds.json', '2'],
  ['a new file', 'pre-key-9.json', '1'],
  ['a file that went', 'pre-key-1.json', undefined],
])('%s while it was read is told', async (_, name, stamp) => {
  const stamps = new Map([
    ['creds.json', '1'],
    ['pre-key-1.json', '1'],
  ])
  let looks = 0
  const read = await readStably(
    {
      look: async () => {
        if (looks++ === 1)
          if (stamp === undefined) stamps.delete(name)
          else stamps.set(name, stamp)
        return new Map(stamps).set('app.log', `${looks}`)
      },
      take: async () => Buffer.from('{}'),
    },
    signal,
  )
  expect(read).toEqual({ kind: 'changed', what: name })
})
