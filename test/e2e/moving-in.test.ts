import { createHash } from 'node:crypto'
import { cp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { valuesIn, writeFolders } from '../support/multi-file.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage, type Stage } from '../support/stage.ts'

interface Line {
  type: string
  session: string
  outcome: string
  why?: string
  detail?: string
  todo?: string
}

async function lines(stage: Stage, ...args: string[]) {
  const { status, stdout } = await stage.run('session', 'import', ...args, '--json')
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const told = all.filter(({ type }) => type === 'session')
  return { status, told: new Map(told.map((line) => [line.session, line])) }
}

const exporting = (to: string) => ['backup', 'export', '--all', '--confirm=all', '--to', to]

test('what cannot be moved in is named, with why; the rest is, and again changes nothing', async () => {
  const stage = await openStage({ sessions: 2 })
  const [id = '', spare = ''] = stage.ids
  const tree = join(stage.dir, 'tree')
  await writeFolders(stage.simulator, tree, stage.ids, (name) => stage.phoneOf(name))
  const good = join(tree, id)
  const like = async (name: string, source = spare) => {
    await cp(join(tree, source), join(tree, name), { recursive: true })
    return join(tree, name)
  }
  await truncate(join(await like('torn-creds'), 'creds.json'), 300)
  await truncate(join(await like('torn-key'), 'pre-key-7.json'), 20)
  await rm(join(await like('no-creds'), 'creds.json'))
  await writeFile(join(await like('emptied'), 'creds.json'), '')
  const unpaired = join(await like('unpaired'), 'creds.json')
  const creds = JSON.parse(await readFile(unpaired, 'utf8')) as Record<string, unknown>
  const { account: _, ...rest } = creds
  await writeFile(unpaired, JSON.stringify(rest))
  const old = join(await like('old-creds'), 'creds.json')
  await writeFile(old, JSON.stringify({ ...creds, nextPreKeyId: 100 }))
  await like('two words')
  await rm(join(tree, spare), { recursive: true })
  await like(`${id}.bak`, id)
  await like('nested/deep', 'emptied')
  await like('other/deep', 'emptied')
  const untouched = await valuesIn(good)

  await stage.start()
  const first = await lines(stage, tree)
  expect(first.status).toBe(3)
  const said = (name: string) => {
    const { outcome, why, detail } = first.told.get(name) ?? {}
    return [outcome, why, detail]
  }
  expect(said('torn-creds')).toEqual(['skipped', 'damaged', 'creds.json is cut off'])
  expect(said('torn-key')).toEqual(['skipped', 'damaged', 'pre-key-7.json is cut off'])
  expect(said('no-creds')).toEqual(['skipped', 'damaged', 'creds.json is missing'])
  expect(said('emptied')).toEqual(['skipped', 'damaged', 'creds.json is empty'])
  expect(said('unpaired')).toEqual(['skipped', 'unpaired', 'no phone was linked to it'])
  expect(said('old-creds').slice(0, 2)).toEqual(['skipped', 'damaged'])
  expect(said('two words').slice(0, 2)).toEqual(['skipped', 'bad-id'])
  expect(first.told.get('deep')?.outcome).toBe('skipped')
  const copies = [said(id), said(`${id}.bak`)].map(([outcome]) => outcome)
  expect(new Set(copies)).toEqual(new Set(['imported', 'skipped']))
  expect(await valuesIn(good)).toEqual(untouched)

  const again = await lines(stage, tree)
  const outcomes = (told: Map<string, Line>) =>
    [...told].map(([name, { outcome }]) => [name, outcome.replace('imported', 'present')])
  expect(new Map(outcomes(again.told) as never)).toEqual(new Map(outcomes(first.told) as never))
  const torn = await lines(stage, join(tree, 'torn-key'))
  expect(torn.status).toBe(11)
  const lenient = await lines(stage, join(tree, 'torn-key'), '--despite-damage')
  expect([lenient.status, lenient.told.get('torn-key')?.outcome]).toEqual([0, 'imported'])
  const twin = await lines(stage, join(tree, 'two words'), '--as', 'twin')
  expect([twin.status, twin.told.get('twin')?.todo]).toEqual([1, 'use torn-key'])
  const none = await stage.run('session', 'import', join(stage.dir, 'objects', 'v1', 'workers'))
  expect([none.status, none.stderr]).toEqual([2, expect.stringContaining('no session in')])

  await stage.gateway.client.call('session.remove', { session: 'torn-key', confirm: 'torn-key' })
  const back = await lines(stage, join(tree, 'torn-key'), '--despite-damage')
  expect(back.told.get('torn-key')?.outcome).toBe('imported')
  const { status, stdout } = await stage.run('backup', 'verify', '--all', '--json')
  expect([status, stdout]).toEqual([0, expect.stringContaining('"damaged":0')])
}, 400_000)

test('a source that its gateway still writes to is left alone', async () => {
  const stage = await openStage({ sessions: 1 })
  const [id = ''] = stage.ids
  const tree = join(stage.dir, 'tree')
  await writeFolders(stage.simulator, tree, stage.ids, (name) => stage.phoneOf(name))
  await stage.start()
  const file = join(tree, id, 'creds.json')
  let moment = 1_700_000_000
  const stop = new AbortController()
  const writer = (async () => {
    while (!stop.signal.aborted) {
      moment++
      await utimes(file, moment, moment)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const live = await lines(stage, tree)
  stop.abort()
  await writer
  expect([live.status, live.told.get(id)?.why]).toEqual([1, 'changing'])
  expect(live.told.get(id)?.todo).toContain('stop the gateway')
  expect((await lines(stage, tree)).told.get(id)?.outcome).toBe('imported')
}, 300_000)

test('a bucket in the layout of the replaced worker, which is the own bucket too', async () => {
  const { stage, s3 } = await openS3Stage(3)
  const tree = join(stage.dir, 'tree')
  await writeFolders(stage.simulator, tree, stage.ids, (name) => stage.phoneOf(name))
  const objects = s3.objects('whatsapp-sessions')
  for (const id of stage.ids)
    for (const name of await readdir(join(tree, id))) {
      const bytes = await readFile(join(tree, id, name))
      const etag = createHash('md5').update(bytes).digest('hex')
      objects.set(`sessions/${id}/${name}`, { bytes, etag, modified: new Date() })
    }
  const theirs = () => [...objects.keys()].filter((name) => name.startsWith('sessions/')).length
  const before = theirs()
  await stage.start()
  s3.faults.inject({ fault: { kind: 'reset' }, times: 3 })
  const { status, told } = await lines(stage, '--bucket', 'whatsapp-sessions')
  expect([status, told.size]).toEqual([0, 3])
  expect(theirs()).toBe(before)
  const out = join(stage.dir, 'out')
  const { stderr } = await stage.run(...exporting(out))
  expect(stderr).toBe('')
  for (const id of stage.ids)
    expect(await valuesIn(join(out, id))).toEqual(await valuesIn(join(tree, id)))

  const wrong = await stage.run('session', 'import', '--bucket', 'nobody-has-this')
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('nobody-has-this')])
}, 300_000)

test('kills in the middle of an import leave whole sessions or none; again finishes it', async () => {
  const stage = await openStage({ sessions: 8 })
  const tree = join(stage.dir, 'tree')
  await writeFolders(stage.simulator, tree, stage.ids, (name) => stage.phoneOf(name))
  let gateway = await stage.start()
  for (const after of [1, 4]) {
    const importing = stage.run('session', 'import', tree, '--json')
    await gateway.eventually(`${after} sessions to be there`, async () => {
      const { sessions } = await gateway.client.call('session.list', {})
      return sessions.length >= after ? true : undefined
    })
    await gateway.stop('SIGKILL')
    const { status, stderr } = await importing
    expect([status, stderr]).toEqual([6, expect.stringContaining('daemon')])
    gateway = await stage.start()
  }
  const last = await lines(stage, tree)
  expect(last.status).toBe(0)
  expect(last.told.size).toBe(stage.ids.length)
  expect(stage.simulator.report().details.logins.length).toBe(1)
  expect((await stage.run(...exporting(join(stage.dir, 'out')))).status).toBe(0)
  for (const id of stage.ids)
    expect(await valuesIn(join(stage.dir, 'out', id))).toEqual(await valuesIn(join(tree, id)))
  expect((await stage.run('recover', '--all')).stdout).toContain('paused')
  expect((await stage.run('session', 'import', tree, '--connect')).status).toBe(0)
  await gateway.untilOnline(stage.ids)
  stage.expectNoHarm({ pairings: 1 })
}, 400_000)
