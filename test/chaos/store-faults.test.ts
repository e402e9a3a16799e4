import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import type { Fault, FaultRule } from '../support/s3-stub-faults.ts'
import { BUNDLE, openS3Stage } from '../support/s3-stage.ts'

const ROUNDS = Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 1)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
const AWAY_MS = 3_000
const SILENCE_MS = 5_000

const OWNER = /\/owner$/

/** What goes wrong with one request, or a few, while the others pass. */
const FAULTS: readonly FaultRule[] = [
  ...(['put', 'get'] as const).flatMap((on) =>
    [
      { kind: 'status', status: 429, code: 'SlowDown' } as const,
      { kind: 'status', status: 500 } as const,
      { kind: 'status', status: 503, code: 'SlowDown' } as const,
      { kind: 'reset' } as const,
    ].map((fault) => ({ on, fault })),
  ),
  ...[BUNDLE, OWNER].flatMap((name) => [
    { on: 'put', name, fault: { kind: 'reset', apply: true } } as const,
    {
      on: 'put',
      name,
      fault: { kind: 'status', status: 412, code: 'PreconditionFailed' },
    } as const,
    { on: 'put', name, fault: { kind: 'slow', ms: 700 } } as const,
  ]),
]

const CUT: Fault = { kind: 'truncate' }

test.each(['local', 'remote'] as const)(
  `ack: %s: ${ROUNDS} rounds with a failing object store lose nothing (seed ${SEED})`,
  async (ack) => {
    const { stage, s3 } = await openS3Stage(3, {
      WA_GATEWAY_ACK: ack,
      // Short, so that owner records are written under load.
      WA_GATEWAY_SNAPSHOT_INTERVAL: '300',
    })
    const { port } = s3
    const random = seeded(SEED)
    const loop = new KillLoop(stage, random)
    const status = () => stage.gateway.client.call('status', {})
    await stage.startPaired()
    await stage.exchange('before')
    await loop.kill()
    await loop.revive()
    for (let round = 0; round < ROUNDS; round++) {
      const load = loop.load()
      for (const rule of shuffled(FAULTS, random)) {
        const takeBack = s3.faults.inject({ ...rule, times: 1 + Math.floor(random() * 3) })
        await sleep(random() * 300)
        takeBack()
      }
      const answered = s3.count('put', BUNDLE)
      s3.faults.inject({
        on: 'put',
        name: BUNDLE,
        times: 1,
        fault: { kind: 'slow', ms: SILENCE_MS },
      })
      await stage.gateway.eventually('bundles after the silence', async () =>
        s3.count('put', BUNDLE) > answered + 1 ? true : undefined,
      )

      await s3.close()
      await stage.gateway.eventually('the backlog to show', async () => {
        const { lag } = (await status()).shipping
        return lag.changes > 0 && lag.oldestMs > 0 && lag.error !== undefined ? true : undefined
      })
      const before = stage.simulator.report()
      await sleep(AWAY_MS)
      const { inbound, outbound } = stage.simulator.report()
      const passed = {
        inbound: inbound.acknowledged > before.inbound.acknowledged,
        outbound: outbound.received > before.outbound.received,
      }
      const goesOn = ack === 'local'
      expect(passed).toEqual({ inbound: goesOn, outbound: goesOn })
      await s3.listen(port)

      await load.stop()
      await loop.untilNothingWaits()
      await loop.untilStored()
      expect((await status()).shipping).toMatchObject({
        lag: { changes: 0, bytes: 0, oldestMs: 0 },
        forfeits: [],
        paused: false,
      })
      expect((await status()).shipping.lag.error).toBeUndefined()
      await stage.gateway.eventually('the store to be known as healthy', async () =>
        (await status()).store.healthy ? true : undefined,
      )

      await loop.kill()
      const restored = s3.seen.length
      for (const name of [OWNER, BUNDLE])
        s3.faults.inject({ on: 'get', name, times: 2, fault: CUT })
      await loop.revive('wiped')
      s3.faults.clear()
      expect(s3.seen.length).toBeGreaterThan(restored)
      await stage.exchange(`after round ${round}`)
    }
    process.stdout.write(`${JSON.stringify(loop.totals)}\n`)
    expect(loop.harm()).toEqual(NO_HARM)
    expect(loop.totals.inbound).toBeGreaterThan(0)
    expect(loop.totals.sent).toBeGreaterThan(0)
  },
  60_000 + ROUNDS * 90_000,
)

test('what waits for a store that is away survives a kill, and is stored when it returns', async () => {
  const { stage, s3 } = await openS3Stage(3)
  const { port } = s3
  const loop = new KillLoop(stage, seeded(SEED))
  await stage.startPaired()
  await stage.exchange('before')
  await loop.untilStored()
  await s3.close()
  await stage.exchange('without the store')
  await loop.kill()

  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  await stage.exchange('provisionally')
  expect((await gateway.client.call('status', {})).ready).toBe(false)
  await s3.listen(port)
  await gateway.untilRunning()
  await stage.exchange('with the store again')
  await loop.untilStored()
  await loop.kill()

  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after')
  for (const id of stage.ids) expect(stage.loginsOf(id)).toBe(3)
  stage.expectNoHarm()
}, 120_000)

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
