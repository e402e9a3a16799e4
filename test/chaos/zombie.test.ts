import { expect, test } from 'vitest'
import { collect } from '../support/collect.ts'
import { eventually, type GatewayProcess } from '../support/gateway.ts'
import { Rival, sendFrom, untilState } from '../support/rival.ts'
import { openStage, type Stage } from '../support/stage.ts'

/** Longer than it takes to stop the worker after its last message. */
const WINDOW = '8000'

async function messagesIn(gateway: GatewayProcess, id: string): Promise<number> {
  return (await gateway.client.call('session.show', { session: id })).session.messagesIn
}

/**
 * A worker that stops for a while, as a frozen virtual machine does, and then goes on as if nothing
 * had happened, although another has taken one of its sessions.
 */
test.each([
  ['local', { WA_GATEWAY_ACK: 'local', WA_GATEWAY_SHIP_WINDOW: WINDOW }],
  ['remote', { WA_GATEWAY_ACK: 'remote' }],
])(
  'a zombie with ack %s keeps what is its own, and only that',
  async (ack, env) => {
    const stage = await openStage({ sessions: 3, env: { WA_GATEWAY_ACK: ack } })
    const [taken = '', ...others] = stage.ids
    const zombie = await stage.startPaired(env)
    await stage.exchange('before')
    await collect(zombie.client.stream('preserve', { all: true }))
    const rival = new Rival(stage)
    const other = await rival.start()
    // With `local` this is acknowledged and never stored: what the take-over forfeits.
    const seen = await messagesIn(zombie, taken)
    await stage.simulator.contact('447799990000').send(stage.phoneOf(taken), 'acknowledged')
    await eventually('the last message', async () =>
      (await messagesIn(zombie, taken)) > seen ? true : undefined,
    )

    zombie.child.kill('SIGSTOP')
    const result = await rival.run('recover', '--session', taken, '--take-over')
    expect(result, other.output).toMatchObject({ status: 0 })
    await untilState(other, taken, 'online')
    await sendFrom(stage, other, taken, 'while it sleeps')
    const { owner } = await other.client.call('session.show', { session: taken })

    zombie.child.kill('SIGCONT')
    const lost = await untilState(zombie, taken, 'conflict')
    expect(lost.session).toMatchObject({ cause: 'owned-elsewhere' })
    await zombie.eventually('the forfeits to be settled', async () => {
      const { shipping } = await zombie.client.call('status', {})
      const mine = shipping.forfeits.filter((one) => one.sessionId === taken && one.changes > 0)
      return mine.length === (ack === 'local' ? 1 : 0) ? true : undefined
    })
    await zombie.untilOnline(others)
    for (const id of others) await sendFrom(stage, zombie, id, `still here: ${id}`)
    for (const id of others) expect(stage.loginsOf(id)).toBe(1)

    const heard = await messagesIn(other, taken)
    await stage.simulator.contact(stage.friendOf(taken)).send(stage.phoneOf(taken), 'after it woke')
    await eventually('the message at the new owner', async () =>
      (await messagesIn(other, taken)) > heard ? true : undefined,
    )
    const after = await other.client.call('session.show', { session: taken })
    expect(after.owner).toMatchObject({ worker: 'worker-2', epoch: owner?.epoch, mine: true })

    // What the zombie wrote is followed by nobody: a third host goes on from where the second ended.
    // Paused, it does not take up the session again when that is released.
    await zombie.client.call('session.pause', { session: taken })
    expect(await other.stop()).toBe(0)
    const third = new Rival(stage, 'worker-3')
    const heir = await third.start()
    expect(await third.run('recover', '--session', taken)).toMatchObject({ status: 0 })
    await sendFrom(stage, heir, taken, 'from the third host')
    const { details } = stage.simulator.report()
    expect(details.unlinks).toEqual([])
    expect(details.undecryptable).toEqual([])
    expect(details.reusedCounters).toEqual([])
    expect(details.troubledInbound).toEqual([])
  },
  180_000,
)

/**
 * The new owner never reaches WhatsApp, so that what was written meanwhile waits in the zombie's own
 * connection, which nobody closes.
 */
async function takenFromTheSleeper(stage: Stage): Promise<{ zombie: GatewayProcess; id: string }> {
  const [id = ''] = stage.ids
  const zombie = await stage.startPaired()
  await stage.exchange('before')
  await collect(zombie.client.stream('preserve', { all: true }))
  const rival = new Rival(stage)
  const other = await rival.start({
    WA_GATEWAY_WHATSAPP_URL: 'ws://127.0.0.1:1/',
    SESSION_RECOVERY_MAX_RETRIES: '0',
  })
  zombie.child.kill('SIGSTOP')
  await stage.simulator.contact(stage.friendOf(id)).send(stage.phoneOf(id), 'while it sleeps')
  await rival.run('recover', '--session', id, '--take-over')
  const { owner } = await other.client.call('session.show', { session: id })
  expect(owner, other.output).toMatchObject({ worker: 'worker-2' })
  expect(stage.loginsOf(id)).toBe(1)
  return { zombie, id }
}

test('with ack remote a zombie acknowledges nothing more after it wakes', async () => {
  const stage = await openStage({ sessions: 1, env: { WA_GATEWAY_ACK: 'remote' } })
  const { zombie, id } = await takenFromTheSleeper(stage)
  const before = stage.simulator.report().inbound
  expect(before.waiting).toBe(1)
  zombie.child.kill('SIGCONT')
  await untilState(zombie, id, 'conflict')
  const after = stage.simulator.report().inbound
  expect(after).toEqual(before)

  // The message was not lost by that: whoever has the session next hears and acknowledges it.
  expect(await stage.gateway.stop()).toBe(0)
  const heir = await new Rival(stage).start()
  await untilState(heir, id, 'online')
  await eventually('the message at its new owner', () =>
    stage.simulator.report().inbound.waiting === 0 ? true : undefined,
  )
  expect(await messagesIn(heir, id)).toBe(1)
  stage.expectNoHarm()
}, 120_000)
