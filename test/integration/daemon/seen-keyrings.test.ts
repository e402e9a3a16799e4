import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SeenKeyrings } from '../../../src/daemon/seen-keyrings.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wa-seen-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

test('what was seen is known after a restart, each keyring by itself, and to this user alone', () => {
  const seen = new SeenKeyrings(dir)
  expect(seen.get('a')).toBe(0)
  seen.set('a', 3)
  seen.set('b', 1)
  seen.set('a', 4)
  const again = new SeenKeyrings(dir)
  expect([again.get('a'), again.get('b'), again.get('c')]).toEqual([4, 1, 0])
  expect(readdirSync(dir)).toEqual(['keyrings.json'])
  expect(statSync(join(dir, 'keyrings.json')).mode & 0o777).toBe(0o600)
})

test.each(['', '{', '[1]', '{"a":"3"}', '{"a":-1}'])('a file of %j is refused by name', (text) => {
  const file = join(dir, 'keyrings.json')
  writeFileSync(file, text)
  expect(() => new SeenKeyrings(dir)).toThrow(
    expect.objectContaining({ code: 'state.corrupt', subject: file }),
  )
})
