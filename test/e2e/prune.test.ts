import { expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'

interface Line {
  type: string
  pruned?: { sessionId: string; outcome: string; kept: { reasons: string[]; name?: string }[] }
  summary?: { backups: number; failed: number; stricter: boolean }
}

const lines = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

test('old backups go, named ones and the newest stay, and a lost disk comes back from them', async () => {
  const stage = await openStage({ sessions: 2 })
  const [id = ''] = stage.ids
  await stage.startPaired()
  await stage.run('backup', 'create', '--session', id, '--name', 'first')
  for (const tag of ['a', 'b', 'c']) {
    await stage.exchange(tag)
    await stage.run('preserve', '--all')
  }
  const prune = ['backup', 'prune', '--all', '--keep-last', '1']
  const asked = await stage.run(...prune)
  expect(asked).toMatchObject({ status: 2, stderr: expect.stringContaining('--confirm=all') })
  const dry = await stage.run(...prune, '--dry-run', '--json')
  expect(lines(dry.stdout).at(-1)?.summary).toMatchObject({ stricter: true, failed: 0 })
  const pruned = await stage.run(...prune, '--confirm=all', '--json')
  expect(pruned.status).toBe(0)
  const kept = lines(pruned.stdout).find((line) => line.pruned?.sessionId === id)?.pruned?.kept
  expect(kept?.map(({ name, reasons }) => name ?? reasons[0])).toEqual(
    expect.arrayContaining(['newest', 'first']),
  )
  expect(lines(pruned.stdout).at(-1)?.summary?.failed).toBe(0)
  await stage.gateway.stop()
  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('a session is removed with all that is stored, and again where it was removed before', async () => {
  const stage = await openStage({ sessions: 1 })
  const [id = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  const remove = ['session', 'remove', id, `--confirm=${id}`]
  const removed = await stage.run(...remove)
  expect(removed).toMatchObject({ status: 0, stdout: expect.stringContaining('is removed') })
  expect(removed.stderr).toContain('logs that it shares')
  expect(await stage.run(...remove)).toMatchObject({ status: 0 })
  expect(await stage.run('session', 'remove', 'nobody', '--confirm=nobody')).toMatchObject({
    status: 5,
  })
  const verified = await stage.run('backup', 'verify', '--all')
  expect(verified.status).toBe(0)
  await stage.gateway.stop()
}, 120_000)
