import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSqliteRegistry, type OpenedRegistry } from '../../../src/registry/sqlite.ts'

let dir: string
let opened: OpenedRegistry
const open = () => openSqliteRegistry({ file: join(dir, 'registry.db') })

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-verifications-'))
  opened = await open()
})

afterEach(async () => {
  await opened.registry.close()
  await rm(dir, { recursive: true })
})

test('what was read last replaces what was known, and outlives the process', async () => {
  const { verifications } = opened
  expect(await verifications.sessions()).toEqual([])
  await verifications.record({ session: 'anna', at: 30, outcome: 'sound' }, [
    { backup: '1-2', sound: true },
    { backup: '1-9', sound: true },
  ])
  await verifications.record({ session: 'ben', at: 10, outcome: 'sound' }, [])
  await verifications.record({ session: 'anna', at: 40, outcome: 'damaged' }, [
    { backup: '1-9', sound: false },
    { backup: '2-11', sound: true },
  ])
  await opened.registry.close()
  opened = await open()
  expect(await opened.verifications.sessions()).toEqual([
    { session: 'ben', at: 10, outcome: 'sound' },
    { session: 'anna', at: 40, outcome: 'damaged' },
  ])
  const anna = [
    { session: 'anna', backup: '1-9', at: 40, sound: false },
    { session: 'anna', backup: '2-11', at: 40, sound: true },
  ]
  expect(await opened.verifications.backups()).toEqual(anna)
  expect(await opened.verifications.backups('anna')).toEqual(anna)
  expect(await opened.verifications.backups('ben')).toEqual([])
})

test('a session of many backups is taken whole, and forgotten whole', async () => {
  const { verifications } = opened
  const many = Array.from({ length: 2_500 }, (_, i) => ({ backup: `1-${i}`, sound: true }))
  await verifications.record({ session: 'anna', at: 1, outcome: 'sound' }, many)
  expect(await verifications.backups('anna')).toHaveLength(2_500)
  await verifications.forget('anna')
  expect(await verifications.backups()).toEqual([])
  expect(await verifications.sessions()).toEqual([])
})

test('the cursor of samples goes on from where it was moved', async () => {
  expect(await opened.verifications.cursor()).toBe(0)
  await opened.verifications.moveCursor(50_000)
  await opened.registry.close()
  opened = await open()
  expect(await opened.verifications.cursor()).toBe(50_000)
})
