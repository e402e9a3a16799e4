import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { valuesIn, writeFolders } from '../support/multi-file.ts'
import { openStage, type Stage } from '../support/stage.ts'

const WORDS = 'seven words that nobody else would choose'

async function moved(stage: Stage): Promise<string> {
  const tree = join(stage.dir, 'tree')
  await writeFolders(stage.simulator, tree, stage.ids, (name) => stage.phoneOf(name))
  await stage.start()
  expect((await stage.run('session', 'import', tree)).status).toBe(0)
  return tree
}

test('portable files open in another installation with other keys, and nowhere without the words', async () => {
  const stage = await openStage({
    sessions: 3,
    env: { WA_GATEWAY_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  })
  const tree = await moved(stage)
  const passphrase = join(stage.dir, 'passphrase')
  await writeFile(passphrase, `${WORDS}\n`, { mode: 0o600 })
  const out = join(stage.dir, 'out')
  const portable = ['--to', out, '--format', 'portable', '--passphrase-file', passphrase]
  const all = ['backup', 'export', '--all', '--confirm=all', ...portable]
  expect((await stage.run(...all)).status).toBe(0)
  expect((await stat(out)).mode & 0o777).toBe(0o700)
  const files = (await readdir(out)).filter((name) => name.endsWith('.wagw'))
  expect(files).toEqual(stage.ids.map((id) => `${id}.wagw`))
  for (const name of files) expect((await stat(join(out, name))).mode & 0o777).toBe(0o600)
  expect((await stage.run(...all, '--json')).stdout).toContain('"present":3')
  await stage.gateway.stop()

  const other = await openStage({
    env: {
      WORKER_ID: 'another-worker',
      WA_GATEWAY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    },
  })
  await other.start()
  const wrong = join(stage.dir, 'wrong')
  await writeFile(wrong, 'not these words at all', { mode: 0o600 })
  const refused = await other.run('session', 'import', out, '--passphrase-file', wrong)
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining('not the passphrase'),
  ])
  const unasked = await other.run('session', 'import', out)
  expect([unasked.status, unasked.stderr]).toEqual([2, expect.stringContaining('passphrase')])
  const first = join(out, files[0] ?? '')
  const whole = await readFile(first)
  await truncate(first, 5_000)
  const torn = await other.run('session', 'import', out, '--passphrase-file', passphrase)
  expect([torn.status, torn.stdout]).toEqual([3, expect.stringContaining('cut off or changed')])
  await writeFile(first, whole)
  const taken = await other.run('session', 'import', out, '--passphrase-file', passphrase)
  expect([taken.status, taken.stdout]).toEqual([0, expect.stringContaining('2 here already')])
  const back = join(other.dir, 'back')
  await other.run('backup', 'export', '--all', '--confirm=all', '--to', back)
  for (const id of stage.ids)
    expect(await valuesIn(join(back, id))).toEqual(await valuesIn(join(tree, id)))
}, 400_000)

test('an export is confirmed, replaces nothing, and says what is running', async () => {
  const stage = await openStage({ sessions: 2 })
  const tree = await moved(stage)
  const [id = '', other = ''] = stage.ids
  const to = join(stage.dir, 'out')
  const one = ['backup', 'export', '--session', id, '--to', to]
  expect((await stage.run(...one)).status).toBe(2)
  expect((await stage.run(...one, '--confirm', other)).stderr).toContain('nothing was done')
  await expect(stat(to)).rejects.toThrow('ENOENT')
  expect((await stage.run(...one, '--confirm', id)).status).toBe(0)
  expect((await stage.run(...one, '--confirm', id)).stdout).toContain('already')

  expect((await stage.run('session', 'import', tree, '--connect')).status).toBe(0)
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('meanwhile')
  const newer = await stage.run(...one, '--confirm', id)
  expect([newer.status, newer.stdout]).toEqual([1, expect.stringContaining('another state')])
  expect(newer.stderr).toContain(`online now, so the copy is old with the next message: ${id}`)
  expect(await valuesIn(join(to, id))).toEqual(await valuesIn(join(tree, id)))

  const { backups } = await stage.gateway.client.call('backup.list', { session: id })
  const oldest = backups.at(-1)?.id ?? ''
  const then = ['--from', oldest, '--to', join(stage.dir, 'then'), '--confirm', id]
  expect((await stage.run('backup', 'export', '--session', id, ...then)).status).toBe(0)
  expect(await valuesIn(join(stage.dir, 'then', id))).toEqual(await valuesIn(join(tree, id)))

  const taken = join(stage.dir, 'taken')
  await mkdir(taken)
  await writeFile(join(taken, 'thesis.txt'), '')
  const refused = await stage.run(...one.slice(0, -1), taken, '--confirm', id)
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('not empty')])
  const nobody = ['backup', 'export', '--session', 'nobody', '--to', to, '--confirm=nobody']
  expect((await stage.run(...nobody)).status).toBe(1)
}, 400_000)

test('what was moved out is forgotten here, stays linked, and goes on elsewhere', async () => {
  const stage = await openStage({ sessions: 1 })
  const [id = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  const forget = () => stage.run('session', 'forget', id, `--confirm=${id}`)
  expect((await forget()).status).toBe(9)
  expect((await stage.run('session', 'pause', id)).status).toBe(0)
  const early = await forget()
  expect([early.status, early.stderr]).toEqual([12, expect.stringContaining('backup export')])
  const to = join(stage.dir, 'out')
  const exported = await stage.run('backup', 'export', '--session', id, '--to', to, '--confirm', id)
  expect(exported.status).toBe(0)
  expect((await stage.run('session', 'resume', id)).status).toBe(0)
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('since')
  expect((await stage.run('session', 'pause', id)).status).toBe(0)
  // What was exchanged since would be lost, and break what comes.
  expect((await forget()).status).toBe(12)
  const now = join(stage.dir, 'now')
  await stage.run('backup', 'export', '--session', id, '--to', now, '--confirm', id)
  const forgotten = await forget()
  expect([forgotten.status, forgotten.stdout]).toEqual([0, expect.stringContaining('is forgotten')])
  expect(await stage.objects.snapshots(id)).toEqual([])
  expect((await stage.run('session', 'show', id)).status).toBe(5)
  expect((await forget()).status).toBe(0)
  await stage.gateway.stop()

  const elsewhere = {
    WA_GATEWAY_STATE_DIR: join(stage.dir, 'elsewhere'),
    WA_GATEWAY_STORAGE_DIR: join(stage.dir, 'other-objects'),
    WORKER_ID: 'elsewhere',
  }
  const other = await stage.start(elsewhere)
  expect((await stage.run('session', 'import', now, '--connect')).status).toBe(0)
  await other.untilOnline(stage.ids)
  await stage.exchange('elsewhere')
  await other.stop()

  // Also a worker that has lost its disk leaves it alone.
  await stage.wipe()
  const again = await stage.start()
  expect((await again.client.call('session.list', {})).sessions).toEqual([])
  await again.stop()
  const going = await stage.startOnline(elsewhere)
  await stage.exchange('on and on')
  await going.stop()
  stage.expectNoHarm()
}, 180_000)
