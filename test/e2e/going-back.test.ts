import { expect, test } from 'vitest'
import { unpackEntries } from '../../src/authstate/packed.ts'
import type { Result } from '../../src/control/api.ts'
import { eventually } from '../support/gateway.ts'
import { openStage, type CommandResult, type Stage } from '../support/stage.ts'

type Plan = Result<'backup.restore.plan'>

/** A session's state but for the gateway's own bookkeeping, and the change that it ends with. */
interface State {
  seq: number
  values: Record<string, string>
}

async function stateOf(stage: Stage, session: string): Promise<State> {
  const { client } = stage.gateway
  const { seq, state } = await client.call('session.export', { session, confirm: session })
  const entries = await unpackEntries(Buffer.from(state, 'base64'))
  const values = entries.map(({ type, id, value }) => [
    `${type}/${id}`,
    Buffer.from(value).toString('base64'),
  ])
  return { seq, values: Object.fromEntries(values) }
}

/** A moment at which nothing changed, and the state then; it has passed when this resolves. */
async function momentOf(stage: Stage, session: string): Promise<State & { at: number }> {
  return eventually('a moment in which nothing changes', async () => {
    const before = await stateOf(stage, session)
    const at = Date.now()
    await eventually('the moment to pass', () => (Date.now() > at + 50 ? true : undefined))
    const after = await stateOf(stage, session)
    return before.seq === after.seq ? { ...before, at } : undefined
  })
}

async function goBack(stage: Stage, session: string, ...args: string[]): Promise<CommandResult> {
  return stage.run('backup', 'restore', '--session', session, ...args)
}

async function planOf(stage: Stage, session: string, ...args: string[]): Promise<Plan> {
  const { status, stdout, stderr } = await goBack(stage, session, ...args, '--dry-run', '--json')
  expect([status, stderr]).toEqual([0, ''])
  const plan: Plan = JSON.parse(stdout)
  return plan
}

test('a session goes back to an exact moment, and from there to where it was, unharmed', async () => {
  const stage = await openStage()
  const [id = ''] = stage.ids
  await stage.startPaired()
  await stage.exchange('before')
  const then = await momentOf(stage, id)
  const when = new Date(then.at).toISOString()
  await stage.exchange('since')

  const told = ['--at', when, '--confirm', id]
  const running = await goBack(stage, id, ...told)
  expect([running.status, running.stdout]).toEqual([9, ''])
  expect(running.stderr).toContain(`wa-gateway session pause ${id}`)
  expect((await stage.run('session', 'pause', id)).status).toBe(0)
  const last = await stateOf(stage, id)
  expect(last.values).not.toEqual(then.values)

  const plan = await planOf(stage, id, '--at', when)
  expect(plan).toMatchObject({ reached: { seq: then.seq }, present: { seq: last.seq } })
  expect(plan).toMatchObject({ undone: { changes: last.seq - then.seq }, keeps: {} })
  expect(plan.replayed).toBeGreaterThan(0)
  expect(plan.refused).toBeUndefined()
  const shown = await goBack(stage, id, '--at', when, '--dry-run')
  expect(shown.stdout).toContain(`${id} goes back to change ${then.seq}`)
  const compare = async (a: string, b: string) => {
    const { status, stdout } = await stage.run('backup', 'diff', '--session', id, a, b, '--json')
    expect(status).toBe(0)
    return JSON.parse(stdout) as Result<'backup.diff'>
  }
  const differ = await compare(`@${when}`, 'now')
  expect(differ).toMatchObject({ a: { seq: then.seq }, b: { seq: last.seq }, breaks: plan.breaks })
  expect(differ.breaks.length).toBeGreaterThan(0)
  const same = await compare(`@${new Date().toISOString()}`, 'now')
  expect(same).toMatchObject({ a: { seq: last.seq }, creds: [], breaks: [] })
  const wrong = await goBack(stage, id, '--at', when, '--confirm', 'another')
  expect([wrong.status, wrong.stdout]).toEqual([2, ''])
  expect(await stateOf(stage, id)).toEqual(last)

  const early = await goBack(stage, id, '--at', '2020-01-31T08:00:00Z', '--confirm', id)
  expect([early.status, early.stdout]).toEqual([5, ''])
  const since = new Date(plan.exactSince ?? Number.NaN).toISOString()
  expect(early.stderr).toContain(`every moment since ${since} can`)
  expect(await stateOf(stage, id)).toEqual(last)
  const seen = await stage.run('backup', 'show', plan.base?.id ?? '', '--session', id)
  expect([seen.status, seen.stdout]).toEqual([0, expect.stringContaining(`since ${since}`)])

  const back = await goBack(stage, id, ...told)
  expect([back.status, back.stdout]).toEqual([0, expect.stringContaining(`is back at ${when}`)])
  expect((await stateOf(stage, id)).values).toEqual(then.values)
  expect((await stage.view(id)).session.state).toBe('closed')

  const undone = await goBack(stage, id, '--undo', '--confirm', id)
  expect([undone.status, undone.stdout]).toEqual([0, expect.stringContaining('was replaced')])
  expect((await stateOf(stage, id)).values).toEqual(last.values)
  expect((await stage.run('session', 'resume', id)).status).toBe(0)
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 180_000)

test('a session that went back is online again, also after its host was lost', async () => {
  const stage = await openStage({ sessions: 1 })
  const [id = ''] = stage.ids
  const gateway = await stage.startPaired()
  const then = await momentOf(stage, id)
  await stage.exchange('undone')
  expect((await stage.run('session', 'pause', id)).status).toBe(0)
  const told = ['--at', new Date(then.at).toISOString(), '--confirm', id]
  expect((await goBack(stage, id, ...told)).status).toBe(0)
  expect((await stateOf(stage, id)).values).toEqual(then.values)
  await gateway.stop('SIGKILL')
  await stage.wipe()

  await stage.startOnline()
  const stranger = stage.simulator.contact('447799999999')
  const listening = await stage.listen()
  await stranger.send(stage.phoneOf(id), 'good morning')
  await eventually('the greeting', () => listening.texts.get('good morning'))
  await listening.end()
  const text = 'who are you?'
  await stage.gateway.client.call('session.send', { session: id, to: stranger.user, text })
  await stranger.waitFor(text)
  expect((await stage.run('backup', 'verify', '--all')).status).toBe(0)
}, 180_000)
