import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FolderClient, valuesIn, writeFolders } from '../support/multi-file.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** Sessions that move; a hundred when somebody asks. */
const SESSIONS = Number(process.env['WA_GATEWAY_MOVING_SESSIONS'] ?? 8)
const AT_ONCE = 8

test('sessions move in from stock Baileys, and out to it again', async () => {
  const stage = await openStage({ sessions: SESSIONS })
  const old = join(stage.dir, 'old-gateway')
  await writeFolders(stage.simulator, old, stage.ids, (id) => stage.phoneOf(id))
  await converse(stage, old, 'before')
  const before = await snapshot(stage, old)

  await stage.start()
  const foreseen = await stage.run('session', 'import', old, '--dry-run')
  expect(foreseen.stdout).toContain(`${SESSIONS} would be imported`)
  const imported = await stage.run('session', 'import', old, '--json')
  expect(imported.stderr).toBe('')
  expect(imported.status).toBe(0)
  expect(JSON.parse(imported.stdout.trim().split('\n').at(-1) ?? '')).toEqual({
    type: 'end',
    imported: SESSIONS,
    present: 0,
    skipped: 0,
    failed: 0,
  })
  expect(await snapshot(stage, old)).toEqual(before)

  const untouched = join(stage.dir, 'untouched')
  expect(await exported(stage, untouched)).toBe(0)
  expect(await snapshot(stage, untouched)).toEqual(before)

  const connected = await stage.run('session', 'import', old, '--connect')
  expect(connected.status).toBe(0)
  expect(connected.stdout).toContain(`${SESSIONS} here already`)
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('within')

  const { client } = stage.gateway
  await Promise.all(stage.ids.map((session) => client.call('session.pause', { session })))
  const next = join(stage.dir, 'next-gateway')
  expect(await exported(stage, next)).toBe(0)
  const moved = await snapshot(stage, next)
  await converse(stage, next, 'after')
  expect(await snapshot(stage, next)).not.toEqual(moved)
  expect(await stage.gateway.stop()).toBe(0)
  stage.expectNoHarm({ pairings: 1 })
}, 900_000)

async function exported(stage: Stage, to: string): Promise<number | undefined> {
  const { status } = await stage.run('backup', 'export', '--all', '--confirm=all', '--to', to)
  return status
}

/** Stock clients log in from their folders, exchange messages and stop. */
async function converse(stage: Stage, root: string, tag: string): Promise<void> {
  const { simulator } = stage
  const waiting = [...stage.ids]
  const lane = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const client = await FolderClient.open(simulator, join(root, id))
      await client.exchange(simulator, stage.phoneOf(id), stage.friendOf(id), `${tag} ${id}`)
      await client.end()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

async function snapshot(stage: Stage, root: string): Promise<Map<string, Map<string, string>>> {
  const sessions = new Map<string, Map<string, string>>()
  const names = (await readdir(root)).filter((name) => name.startsWith('session-'))
  expect(names.toSorted()).toEqual([...stage.ids].toSorted())
  for (const name of names) sessions.set(name, await valuesIn(join(root, name)))
  return sessions
}
