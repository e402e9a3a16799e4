import { expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'

test('a session whose stored state is damaged comes back with an older backup, once told so', async () => {
  const stage = await openStage()
  const { objects } = stage
  const [bad = '', good = ''] = stage.ids
  await stage.startPaired()
  expect(await stage.run('backup', 'verify', '--all', '--read-data')).toMatchObject({ status: 0 })
  const made = await stage.run('backup', 'create', '--session', bad, '--json')
  expect(made.status).toBe(0)
  await stage.exchange('before')
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  const [kept = '', newest = ''] = (await objects.snapshots(bad)).slice(-2)
  await objects.damage(newest, (bytes) => bytes.subarray(0, -7))

  await stage.startOnline({}, [good])
  expect((await stage.view(bad)).session).toMatchObject({ state: 'failed', cause: 'damaged' })
  const verified = await stage.run('backup', 'verify', '--all')
  expect(verified.status).toBe(11)
  expect(verified.stdout).toContain(`${bad}: cannot be recovered from the store`)
  expect(verified.stdout).toContain(`object: ${newest}`)
  expect(verified.stdout).not.toContain(`${good}:`)
  const [, id = ''] = /backup restore --session \S+ --from ([0-9-]+)/.exec(verified.stdout) ?? []
  const [, epoch, seq] = /\/0*(\d+)\/0*(\d+)$/.exec(kept) ?? []
  expect(id).toBe(`${epoch}-${seq}`)
  const healthy = await stage.run('backup', 'verify', '--session', good, '--json')
  expect(healthy.status).toBe(0)
  const lines = healthy.stdout.split('\n')
  const checked = lines.find((line) => line.includes('"checked"')) ?? ''
  expect(JSON.parse(checked)).toMatchObject({
    type: 'checked',
    check: { sessionId: good, outcome: 'sound', findings: [] },
  })
  expect((await stage.run('backup', 'verify', '--session', 'nobody')).status).toBe(5)

  const unasked = await stage.run('backup', 'restore', '--session', bad, '--from', id)
  expect(unasked).toMatchObject({ status: 2, stderr: expect.stringContaining(`--confirm=${bad}`) })
  expect((await stage.view(bad)).session.state).toBe('failed')
  const help = await stage.run('backup', 'restore', '--help')
  expect(help.stdout).toContain('cannot be decrypted again')
  const told = ['--session', bad, '--from', id, `--confirm=${bad}`]
  const restored = await stage.run('backup', 'restore', ...told)
  expect(restored).toMatchObject({ status: 0, stdout: expect.stringContaining(`back at ${id}`) })
  expect(restored.stderr).toContain('cannot be decrypted again')
  expect((await stage.run('recover', '--session', bad)).status).toBe(0)
  await stage.gateway.untilOnline(stage.ids)
  const after = await stage.run('backup', 'verify', '--session', bad, '--json')
  expect(after.stdout).not.toContain('"severity":"recovery"')
}, 120_000)
