import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stallCommits } from '../support/authstate.ts'
import { eventually } from '../support/gateway.ts'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { Uplink } from '../support/uplink.ts'

const ROUNDS = Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 4)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)

function stageOf(sessions: number): Promise<Stage> {
  return openStage({
    sessions,
    env: (dir) => ({ WA_GATEWAY_STORAGE_DIR: join(dir, 'objects'), LOG_LEVEL: 'warn' }),
  })
}

test(
  `${ROUNDS} kills at random moments under load lose nothing (seed ${SEED})`,
  async () => {
    const stage = await stageOf(3)
    const loop = new KillLoop(stage, seeded(SEED))
    await stage.startPaired()
    await stage.exchange('before')
    await loop.kill()
    await loop.revive()
    await loop.rounds(ROUNDS)
    await stage.exchange('after')
    process.stdout.write(`${JSON.stringify(loop.totals)}\n`)
    expect(loop.harm()).toEqual(NO_HARM)
    expect(await loop.findings()).toEqual([])
    expect(loop.totals.inbound).toBeGreaterThan(0)
    expect(loop.totals.sent).toBeGreaterThan(0)
  },
  60_000 + ROUNDS * 20_000,
)

test('a message that was stored but whose receipt never left is heard again, not refused', async () => {
  const stage = await stageOf(2)
  const uplink = await Uplink.open(stage.simulator.url)
  onTestFinished(() => uplink.close())
  const loop = new KillLoop(stage, seeded(SEED))
  await stage.startPaired()
  await stage.exchange('before')
  await loop.kill()
  stage.env['WA_GATEWAY_WHATSAPP_URL'] = uplink.url
  for (let trial = 0; trial < 3; trial++) {
    uplink.letGo()
    await loop.revive()
    await loop.untilNothingWaits()
    uplink.hold()
    const texts = await Promise.all(
      stage.ids.flatMap((id) => Array.from({ length: 5 }, () => loop.write(id))),
    )
    // It is heard when its ratchet step is durable and before its receipt leaves.
    await eventually('all to be heard', () =>
      texts.every((text) => loop.application.timesHeard(text) === 1) ? true : undefined,
    )
    expect(uplink.heldBytes).toBeGreaterThan(0)
    expect(stage.simulator.report().inbound.waiting).toBe(texts.length)
    await loop.kill()
  }
  uplink.letGo()
  await loop.revive()
  await loop.untilNothingWaits()
  expect(loop.harm()).toEqual(NO_HARM)
  expect(loop.totals).toMatchObject({ inbound: 30, heardTwice: 30 })
  await stage.exchange('after')
}, 60_000)

test('while nothing becomes durable nothing leaves, and a kill then loses nothing', async () => {
  const stage = await stageOf(2)
  const loop = new KillLoop(stage, seeded(SEED))
  await stage.startPaired()
  await stage.exchange('before')
  await loop.kill()
  await loop.revive()
  const before = stage.simulator.report()
  const release = stallCommits(stage.stateDir)
  const sends = stage.ids.map((id) =>
    stage.gateway.client
      .call('session.send', { session: id, to: stage.friendOf(id), text: `never ${id}` })
      .then(
        () => 'sent',
        () => 'failed',
      ),
  )
  await Promise.all(stage.ids.map((id) => loop.write(id)))
  await eventually('the messages to be delivered', () => {
    const { delivered } = stage.simulator.report().inbound
    return delivered === before.inbound.delivered + stage.ids.length ? true : undefined
  })
  // The daemon answers, so it has had the time to handle what came in before this.
  for (let n = 0; n < 20; n++) await stage.gateway.client.call('status', {})
  const during = stage.simulator.report()
  expect(during.inbound.acknowledged).toBe(before.inbound.acknowledged)
  expect(during.outbound.received).toBe(before.outbound.received)
  await loop.kill()
  release()
  expect(await Promise.all(sends)).toEqual(stage.ids.map(() => 'failed'))
  await loop.revive()
  await loop.untilNothingWaits()
  await stage.exchange('after')
  expect(loop.harm()).toEqual(NO_HARM)
  expect(loop.totals.heardTwice).toBe(0)
}, 60_000)

test('a kill right after the phone has linked the device leaves no ghost: it logs in', async () => {
  const stage = await stageOf(3)
  for (const id of stage.ids) {
    await stage.start()
    let linking: Promise<unknown> | undefined
    const pairing = stage.gateway.pair(id, (event) => {
      if (event.type !== 'qr') return
      linking ??= linkAndKill(stage, id, event.qr)
    })
    await expect(pairing).rejects.toThrow('broke off')
    await linking
    await stage.gateway.stop('SIGKILL')
    expect(stage.loginsOf(id)).toBe(0)
    await stage.startOnline({}, [id])
    await stage.exchange('after', [id])
    await stage.gateway.stop()
  }
  const { details } = stage.simulator.report()
  expect(details.ghosts).toEqual([])
  expect(details.pairings).toHaveLength(stage.ids.length)
}, 120_000)

/** `scan` resolves in the moment in which the server has the device's signature. */
async function linkAndKill(stage: Stage, id: string, qr: string): Promise<void> {
  await stage.simulator.phone(stage.phoneOf(id)).scan(qr)
  stage.gateway.child.kill('SIGKILL')
}
