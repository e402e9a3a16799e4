import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { packEntries } from '../../../src/authstate/packed.ts'
import { exportAll, type HandedOut } from '../../../src/transfer/export-all.ts'
import { ExportFolder, type Piece } from '../../../src/transfer/export-folder.ts'
import { entry, filesOf, linkedState } from './states.ts'

const STATE = { seq: 3, hash: 'ab', at: 5 }

async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-export-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  return join(dir, 'out')
}

const piece = (files: Iterable<{ name: string; bytes: Uint8Array }>): Piece => ({
  kind: 'folder',
  name: 'anna',
  files,
})
const file = (name: string) => ({ name, bytes: Buffer.from(name) })

test('what was interrupted is never there under its name, and its rest goes', async () => {
  const path = await newFolder()
  const folder = await ExportFolder.open(path, 'multi-file')
  function* broken() {
    yield file('creds.json')
    throw new Error('killed')
  }
  await expect(folder.put('anna', piece(broken()), STATE)).rejects.toThrow('killed')
  await mkdir(join(path, '.partial-0123'))
  await writeFile(join(path, '.partial-0123', 'creds.json'), '{}')
  const again = await ExportFolder.open(path, 'multi-file')
  expect(await readdir(path)).toEqual(['wa-gateway-export.json'])
  expect(await again.find('anna', 'anna')).toBeUndefined()
  await again.put('anna', piece([file('creds.json'), file('pre-key-1.json')]), STATE)
  expect((await readdir(join(path, 'anna'))).toSorted()).toEqual(['creds.json', 'pre-key-1.json'])
  expect(await (await ExportFolder.open(path, 'multi-file')).find('anna', 'anna')).toEqual(STATE)
})

test('folders are 0700 and files 0600', async () => {
  const path = await newFolder()
  const folder = await ExportFolder.open(path, 'multi-file')
  await folder.put('anna', piece([file('creds.json')]), STATE)
  const mode = async (name: string) => (await stat(join(path, name))).mode & 0o777
  expect(await mode('.')).toBe(0o700)
  expect(await mode('anna')).toBe(0o700)
  expect(await mode('anna/creds.json')).toBe(0o600)
  expect(await mode('wa-gateway-export.json')).toBe(0o600)
})

test('a folder with anything else in it, or of another format, is refused', async () => {
  const path = await newFolder()
  await ExportFolder.open(path, 'portable')
  await expect(ExportFolder.open(path, 'multi-file')).rejects.toMatchObject({ code: 'usage' })
  await writeFile(join(path, 'wa-gateway-export.json'), '{}')
  await expect(ExportFolder.open(path, 'portable')).rejects.toMatchObject({ code: 'usage' })
  const other = await newFolder()
  await mkdir(other)
  await writeFile(join(other, 'thesis.txt'), '')
  await expect(ExportFolder.open(other, 'portable')).rejects.toMatchObject({ code: 'usage' })
  expect(await readdir(other)).toEqual(['thesis.txt'])
})

async function handedOut(entries = linkedState(), seq = 3): Promise<HandedOut> {
  const state = Buffer.from(await packEntries(entries)).toString('base64')
  const common = { worker: 'w1', hash: 'ab', keys: 3, at: 5, online: false }
  return { session: 'anna', seq, ...common, state }
}

test('the same state again is there already; another one replaces nothing', async () => {
  const folder = await newFolder()
  const options = { folder, format: 'multi-file', signal: new AbortController().signal } as const
  const entries = linkedState()
  const run = async (out: HandedOut) => {
    const [result] = await exportAll(
      ['anna'],
      async () => out,
      () => undefined,
      options,
    )
    return result?.outcome
  }
  expect(await run(await handedOut(entries))).toBe('exported')
  const files = filesOf(entries)
  for (const [name, bytes] of files)
    expect(await readFile(join(folder, 'anna', name))).toEqual(bytes)
  expect(await readdir(join(folder, 'anna'))).toHaveLength(files.size)
  expect(await run(await handedOut(entries))).toBe('present')
  expect(await run(await handedOut(entries, 4))).toBe('skipped')
})

test('values that would share a file, or have no name, fail and leave nothing', async () => {
  const folder = await newFolder()
  const options = { folder, format: 'multi-file', signal: new AbortController().signal } as const
  for (const ids of [['a:1', 'a-1'], ['x'.repeat(300)], ['a\0']]) {
    const others = ids.map((id) => entry('session', id, { a: 1 }))
    const out = await handedOut([...linkedState(), ...others])
    const [result] = await exportAll(
      ['anna'],
      async () => out,
      () => undefined,
      options,
    )
    expect(result).toMatchObject({ outcome: 'failed', todo: 'export it with --format portable' })
  }
  expect(await readdir(folder)).toEqual(['wa-gateway-export.json'])
})
