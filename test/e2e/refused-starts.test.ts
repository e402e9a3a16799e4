import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'

test('a second daemon on the same state directory is told who has it', async () => {
  const stage = await openStage({ sessions: 1 })
  const gateway = await stage.startPaired()
  const second = await stage.run('daemon', '--socket', join(stage.dir, 'second.sock'))
  expect(second.status).toBe(9)
  expect(second.stderr).toContain(`pid ${gateway.child.pid}`)
  expect(second.stderr).toContain(stage.stateDir)
  expect(second.stderr).toMatch(/try: .*another state directory/)
  const sameSocket = await stage.run('daemon')
  expect(sameSocket.status).toBe(9)
  await stage.exchange('undisturbed')
  stage.expectNoHarm()
}, 120_000)

test.each<[string, Record<string, string>, string[]]>([
  [
    'a negative delay',
    { SESSION_RECOVERY_STARTUP_DELAY: '-5' },
    ['SESSION_RECOVERY_STARTUP_DELAY', '-5', 'environment'],
  ],
  [
    'a word where a number belongs',
    { SESSION_RECOVERY_MAX_RETRIES: 'many' },
    ['SESSION_RECOVERY_MAX_RETRIES', 'many', 'environment'],
  ],
  [
    'two settings that contradict each other',
    { STANDALONE_MODE: 'true', BACKEND_URL: 'http://backend.test' },
    ['STANDALONE_MODE', 'BACKEND_URL'],
  ],
])(
  '%s ends the start with the setting and its origin',
  async (_, wrong, words) => {
    const stage = await openStage({ env: wrong })
    const { status, stderr } = await stage.run('daemon')
    expect(status).toBe(78)
    for (const word of words) expect(stderr).toContain(word)
  },
  120_000,
)

test('an unknown key in the configuration file is named with the file and the likely one', async () => {
  const stage = await openStage()
  const file = join(stage.dir, 'gateway.yaml')
  await writeFile(file, 'recovery:\n  startupDelai: 100\n')
  const { status, stderr } = await stage.run('daemon', '--config', file)
  expect(status).toBe(78)
  expect(stderr).toContain('recovery.startupDelai')
  expect(stderr).toContain('recovery.startupDelay')
  expect(stderr).toContain(file)
}, 120_000)
