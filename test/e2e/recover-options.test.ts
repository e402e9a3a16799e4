import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'

interface Ended {
  results: { sessionId: string; outcome: string; route?: string; cause?: string }[]
}

/** The last line of what a command with --json printed. */
function last(stdout: string): unknown {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}')
}

async function adopted(sessions: number): Promise<Stage> {
  const stage = await openStage({ sessions })
  await stage.adoptAll()
  return stage
}

test('offline: a wiped disk is restored without a daemon, and the next start is warm', async () => {
  const stage = await adopted(6)
  const [lost = '', ...others] = stage.ids
  await stage.wipe()
  await stage.objects.removeSession(lost)

  const late = await stage.run('recover', '--all', '--offline', '--timeout', '0.001')
  expect(late.status, late.stderr).toBe(7)
  expect(late.stderr).toContain('no result within 0.001 s; sessions that were restored stay so')

  const offline = await stage.run('recover', '--all', '--offline', '--json')
  expect(offline.status, offline.stdout + offline.stderr).toBe(0)
  const { results } = last(offline.stdout) as Ended
  expect(results.map(({ sessionId }) => sessionId).toSorted()).toEqual(others)
  for (const result of results) expect(result).toMatchObject({ outcome: 'ready', route: 'cold' })
  const missing = await stage.run('recover', '--session', lost, '--offline', '--json')
  expect(missing.status).toBe(1)
  expect((last(missing.stdout) as Ended).results).toMatchObject([{ cause: 'no-state' }])
  expect(stage.simulator.report().connections.logins).toBe(1)

  const gateway = await stage.startOnline({}, others)
  const { route } = await eventually('a warm recovery', async () => {
    const again = await stage.run('recover', '--session', others[0] ?? '', '--json')
    return (last(again.stdout) as Ended).results[0]
  })
  expect(route).toBe('none')
  const running = await stage.run('recover', '--all', '--offline')
  expect(running.status).toBe(9)
  expect(running.stderr).toContain('daemon')
  await stage.exchange('after', others)
  stage.expectNoHarm({ pairings: 1 })
  expect(await gateway.stop()).toBe(0)
}, 120_000)

test('dry run: says what would be done and why, and does nothing', async () => {
  const stage = await adopted(3)
  const [anna = '', ben = '', cleo = ''] = stage.ids
  await stage.simulator.inject({
    kind: 'failure',
    reason: 401,
    user: stage.phoneOf(ben),
    times: 'always',
  })
  await stage.start()
  await stage.gateway.untilOnline([anna, cleo])
  await stage.untilState(ben, 'needs-pairing')
  expect((await stage.run('session', 'pause', cleo)).status).toBe(0)

  const before = stage.simulator.report().connections.accepted
  const plan = await stage.run('recover', '--all', '--dry-run', '--json')
  expect(plan.status).toBe(0)
  expect(last(plan.stdout)).toMatchObject({
    plans: [
      { sessionId: anna, action: 'nothing' },
      { sessionId: ben, action: expect.stringMatching(/nothing|connect/) as unknown },
      { sessionId: cleo, action: 'skip', cause: 'paused' },
    ],
  })
  const table = await stage.run('recover', '--session', anna, '--dry-run')
  expect(table.stdout).toMatch(/session-0 +nothing +it is online/)
  expect(stage.simulator.report().connections.accepted).toBe(before)
}, 120_000)

test('filter: only what meets it is recovered', async () => {
  const stage = await adopted(3)
  const [anna = '', ben = ''] = stage.ids
  const user = stage.phoneOf(ben)
  await stage.simulator.inject({ kind: 'failure', reason: 403, user, times: 'always' })
  await stage.start()
  await stage.untilState(ben, 'banned')
  const nobody = await stage.run('recover', '--filter', 'cause=damaged')
  expect(nobody).toMatchObject({ status: 0, stdout: 'no session meets the filter' })
  await stage.simulator.clearFaults(user)
  const some = await stage.run('recover', '--filter', 'state=banned', '--json')
  expect(some.status, some.stderr).toBe(0)
  expect((last(some.stdout) as Ended).results).toMatchObject([
    { sessionId: ben, outcome: 'recovered' },
  ])
  expect(stage.loginsOf(anna)).toBe(1)
}, 120_000)

test('from and at: a running session goes back to a backup and comes online again', async () => {
  const stage = await adopted(2)
  const [anna = '', ben = ''] = stage.ids
  await stage.startOnline()
  await stage.exchange('before')
  expect((await stage.run('backup', 'create', '--session', anna)).status).toBe(0)
  const { backups } = await stage.gateway.client.call('backup.list', { session: anna })
  const backup = backups.find(({ newest }) => newest)
  await stage.exchange('after')

  const unconfirmed = await stage.run('recover', '--session', anna, '--from', backup?.id ?? '')
  expect(unconfirmed.status).toBe(2)
  expect(unconfirmed.stderr).toContain(`--confirm=${anna}`)
  const confirm = `--confirm=${anna}`
  const nowhere = await stage.run('recover', '--session', anna, '--at', '2001-01-01', confirm)
  expect(nowhere.status).toBe(5)
  expect((await stage.view(anna)).session.state).toBe('online')

  const back = await stage.run(
    'recover',
    '--session',
    anna,
    '--from',
    backup?.id ?? '',
    confirm,
    '--json',
  )
  expect(back.status, back.stderr).toBe(0)
  expect((last(back.stdout) as Ended).results).toMatchObject([{ outcome: 'recovered' }])
  const { session } = await stage.view(anna)
  expect(session.epoch).toBeGreaterThan(backup?.epoch ?? Infinity)
  expect(stage.loginsOf(ben)).toBe(1)

  const newest = await stage.run(
    'recover',
    '--session',
    anna,
    '--at',
    new Date().toISOString(),
    confirm,
    '--json',
  )
  expect(newest.status, newest.stderr).toBe(0)
  expect((last(newest.stdout) as Ended).results).toMatchObject([{ outcome: 'recovered' }])
}, 120_000)
