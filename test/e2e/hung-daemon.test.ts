import { expect, onTestFinished, test } from 'vitest'
import { openStage } from '../support/stage.ts'

test('commands end by themselves when the daemon stands still, those under way too', async () => {
  const stage = await openStage({ sessions: 0 })
  const { child } = await stage.start()
  const lines = stage.runLines('session', 'pair', 'anna', '--json')[Symbol.asyncIterator]()
  await lines.next()
  child.kill('SIGSTOP')
  onTestFinished(() => void child.kill('SIGCONT'))
  const drained = (async () => {
    while ((await lines.next()).done !== true);
  })()
  const [status, recover, limited] = await Promise.all([
    stage.run('status'),
    stage.run('recover', '--all'),
    stage.run('preserve', '--all', '--timeout', '1'),
  ])
  for (const { status: exit, stderr } of [status, recover]) {
    expect(stderr).toMatch(/does not answer\n(because: .*\n)*try: .*restart it/)
    expect(exit).toBe(6)
  }
  expect(limited.stderr).toMatch(/no result within 1 s/)
  expect(limited.status).toBe(7)
  await expect(drained).rejects.toMatchObject({ exitCode: 6 })
  child.kill('SIGCONT')
  expect((await stage.run('status')).status).toBe(0)
}, 120_000)
