import { open, readdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openStage, type Stage } from '../support/stage.ts'

const PAGE = 4096

async function overwriteMiddle(file: string): Promise<void> {
  const handle = await open(file, 'r+')
  try {
    const { size } = await handle.stat()
    // Every page but the first: whichever of them hold rows, their checksums are wrong now.
    for (let at = PAGE; at < size; at += PAGE)
      await handle.write(Buffer.alloc(512, 0xa5), 0, 512, at)
  } finally {
    await handle.close()
  }
}

/** A stage whose local disk is ahead of nothing: stopped gracefully, everything stored. */
async function stopped(): Promise<Stage> {
  const stage = await openStage()
  await stage.startPaired()
  await stage.exchange('before')
  expect(await stage.gateway.stop()).toBe(0)
  return stage
}

test.each<[string, (file: string) => Promise<void>]>([
  ['overwritten in the middle', overwriteMiddle],
  ['truncated', (file) => truncate(file, 10_000)],
  ['garbage', (file) => writeFile(file, Buffer.alloc(50_000, 'not a database '))],
])(
  'a state.db that is %s is set aside, and its sessions come back from the store',
  async (_, damage) => {
    const stage = await stopped()
    await damage(join(stage.stateDir, 'state.db'))
    const gateway = await stage.startOnline()
    const aside = (await readdir(join(stage.stateDir, 'quarantine'))).filter((name) =>
      name.endsWith('.db'),
    )
    expect(aside).toEqual([expect.stringMatching(/^state-/)])
    expect(gateway.output).toContain(join(stage.stateDir, 'quarantine', aside[0] ?? ''))
    await stage.exchange('after')
    stage.expectNoHarm()
  },
  120_000,
)

test('a row that SQLite takes for sound is found, and the session comes back from the store', async () => {
  const stage = await stopped()
  const db = new DatabaseSync(join(stage.stateDir, 'state.db'))
  db.exec(`UPDATE kv SET value = zeroblob(length(value)) WHERE type = 'creds' AND session = 1`)
  db.close()
  const gateway = await stage.startOnline()
  const aside = await readdir(join(stage.stateDir, 'quarantine'))
  expect(aside).toEqual([expect.stringMatching(/^session-\d-/)])
  expect(gateway.output).toContain('damaged local state was set aside')
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
