import { readdir, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Event, Result } from '../../src/control/api.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage, type CommandResult, type Stage } from '../support/stage.ts'

type Drilled = Event<'backup.drill'>

function events<T>({ stdout }: CommandResult): T[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

function summaryOf(run: CommandResult) {
  return events<Drilled>(run).flatMap((event) => (event.type === 'end' ? event.summary : []))[0]
}

function resultsOf(run: CommandResult) {
  return events<Drilled>(run).flatMap((event) => (event.type === 'session' ? event.result : []))
}

async function scratchOf(stage: Stage): Promise<string[]> {
  return (await readdir(stage.stateDir)).filter((name) => name.startsWith('drill-'))
}

test('copies of running sessions are proven and logged in, and nobody notices', async () => {
  const stage = await openStage()
  await stage.startPaired()
  await stage.exchange('before')

  const run = await stage.run('backup', 'drill', '--all', '--login', '--json')
  expect(run.stderr).toBe('')
  expect(resultsOf(run)).toEqual(
    stage.ids.map((sessionId) =>
      expect.objectContaining({ sessionId, outcome: 'restored', proof: 'disk' }),
    ),
  )
  expect(run.status).toBe(0)
  const summary = summaryOf(run)
  expect(summary).toMatchObject({ restored: 2, loggedIn: 2, exchanged: 2, failed: 0 })
  expect(summary?.rto.sessions).toBe(2)
  expect(summary?.rpo).toMatchObject({ ack: 'local', offHost: false, neverStored: [] })
  expect(await scratchOf(stage)).toEqual([])

  // The simulator that has the sessions online gets no copy of them.
  const there = await stage.run('backup', 'drill', '--all', '--login', stage.simulator.url)
  expect(there.status).toBe(0)
  expect(there.stdout).toContain('it is online there')
  await stage.exchange('after')
  stage.expectNoHarm()
}, 180_000)

test('copies are never logged in where no simulator of ours answers', async () => {
  const stage = await openStage({ sessions: 1 })
  await stage.adoptAll()
  await stage.start()
  const web = await stage.run(
    'backup',
    'drill',
    '--all',
    '--login',
    'wss://web.whatsapp.com/ws/chat',
  )
  expect(web.status).toBe(2)
  expect(web.stderr).toContain('would throw the real session out')

  const other = createServer((_, response) => response.end('{"url":"x","root":"05"}'))
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const impostor = await stage.run(
    'backup',
    'drill',
    '--all',
    '--login',
    `ws://127.0.0.1:${port}/ws/chat`,
  )
  other.close()
  expect(impostor.status).toBe(2)
  expect(impostor.stderr).toContain('not the simulator')
  expect(await scratchOf(stage)).toEqual([])
}, 180_000)

test('damage is a failed restore, and what was verified when is listed', async () => {
  const stage = await openStage()
  await stage.adoptAll()
  await stage.start()
  const [good = '', bad = ''] = stage.ids

  const sound = await stage.run('backup', 'verify', '--all', '--read-data', '--json')
  expect(sound.status).toBe(0)
  const end = events<Event<'backup.verify'>>(sound).find((event) => event.type === 'end')
  expect(end).toMatchObject({ summary: { whole: 2, warnings: 0, findings: 0 } })
  const listed = await stage.run('backup', 'list', '--json')
  const { backups } = JSON.parse(listed.stdout) as Result<'backup.list'>
  expect(backups.every(({ verified }) => verified?.sound)).toBe(true)

  const newest = backups.find(({ sessionId, newest: is }) => sessionId === bad && is)
  const shown = await stage.run('backup', 'show', newest?.id ?? '', '--session', bad)
  expect(shown.status).toBe(0)
  expect(shown.stdout).toContain('pre-key')
  expect(shown.stdout).not.toContain(stage.phoneOf(bad))

  const snapshot = await stage.objects.newest(bad)
  await stage.objects.damage(snapshot, (bytes) => bytes.subarray(0, -1))
  const run = await stage.run('backup', 'drill', '--all', '--json')
  expect(run.status).toBe(11)
  expect(resultsOf(run)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ sessionId: good, outcome: 'restored' }),
      expect.objectContaining({
        sessionId: bad,
        outcome: 'failed',
        detail: expect.stringContaining(snapshot),
      }),
    ]),
  )
  expect(summaryOf(run)?.atRisk.map(({ sessionId }) => sessionId)).toContain(bad)

  expect((await stage.run('backup', 'verify', '--session', bad)).status).toBe(11)
  const after = await stage.run('backup', 'list', '--session', bad)
  expect(after.stdout).toContain('DAMAGED')
  const status = await stage.run('status')
  expect(status.stdout).toMatch(new RegExp(`DAMAGED +${bad}`))
}, 180_000)

test('a kill in the middle leaves no copy behind after the next start, and the sessions as they were', async () => {
  const { stage, s3 } = await openS3Stage(2)
  const [first = '', second = ''] = stage.ids
  const gateway = await stage.startPaired()
  await stage.exchange('before')
  s3.faults.inject({
    on: 'get',
    name: new RegExp(`^v1/sessions/${second}/\\d`),
    fault: { kind: 'hang' },
  })
  const told: string[] = []
  const drilling = (async () => {
    const what = ['--session', first, second, '--login', '--json']
    for await (const line of stage.runLines('backup', 'drill', ...what)) told.push(line)
  })()
  const drilled = Promise.allSettled([drilling])
  await gateway.eventually('the first of two to be proven', () =>
    Promise.resolve(told.find((line) => line.includes('"restored"'))),
  )
  const [scratch = ''] = await scratchOf(stage)
  const { mode } = await stat(join(stage.stateDir, scratch))
  expect([scratch.startsWith('drill-'), mode & 0o777]).toEqual([true, 0o700])
  await gateway.stop('SIGKILL')
  await drilled
  expect(await scratchOf(stage)).toEqual([scratch])
  s3.faults.clear()
  await stage.startOnline()
  expect(await scratchOf(stage)).toEqual([])
  await stage.exchange('after')
  stage.expectNoHarm()
}, 180_000)
