import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isOwn } from '../../../bin/compile-cache.ts'
import { wa } from '../../support/cli.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'wa-home-'))
})
afterEach(() => rm(home, { recursive: true, force: true }))

const version = async (env: Record<string, string>) => {
  const { exitCode, stderr } = await wa(['--version'], env)
  expect([exitCode, stderr]).toEqual([0, ''])
}
const kept = (...path: string[]) => readdir(join(home, ...path)).catch(() => [])

test('what was compiled is kept for the user alone', async () => {
  await version({ HOME: home })
  expect(await kept('.cache', 'wa-gateway')).toHaveLength(1)
  expect((await stat(join(home, '.cache', 'wa-gateway'))).mode & 0o777).toBe(0o700)
})

test('XDG_CACHE_HOME is where it says', async () => {
  await version({ HOME: '/nonexistent', XDG_CACHE_HOME: home })
  expect(await kept('wa-gateway')).toHaveLength(1)
})

test('nothing is kept where others can write', async () => {
  await mkdir(join(home, '.cache', 'wa-gateway'), { recursive: true })
  for (const open of ['.cache/wa-gateway', '.cache', '.']) {
    await chmod(join(home, open), 0o777)
    await version({ HOME: home })
    expect(await kept('.cache', 'wa-gateway'), open).toEqual([])
    await chmod(join(home, open), 0o700)
  }
})

test('nothing is kept, and nothing said, where there is no home or no directory', async () => {
  await version({ HOME: join(home, 'none') })
  expect(await kept()).toEqual([])
  await symlink('/dev/null', join(home, '.cache'))
  await version({ HOME: home })
  await version({ HOME: 'relative' })
})

test.each([
  [1000, 0o40700, true],
  [1000, 0o40755, true],
  [1000, 0o40775, false],
  [1000, 0o40777, false],
  [1001, 0o40700, false],
  [0, 0o40755, false],
])('of user 1000, a directory of %i with mode %o: %s', (uid, mode, expected) => {
  expect(isOwn({ uid, mode }, 1000)).toBe(expected)
})
