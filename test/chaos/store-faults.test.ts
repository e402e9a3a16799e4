import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import type { Fault } from '../support/s3-stub-faults.ts'
import { BUNDLE } from '../support/bundle-names.ts'
import { missingSlots, openS3Stage } from '../support/s3-stage.ts'

const ROUNDS = Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 1)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
const AWAY_MS = 2_000
const SILENCE_MS = 5_000

const OWNER = /\/owner$/

const REFUSED: readonly Fault[] = [
  { kind: 'status', status: 429, code: 'SlowDown' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503, code: 'SlowDown' },
  { kind: 'reset' },
]

/** What goes wrong with a conditional write. */
const WRITE_FAULTS: readonly Fault[] = [
  ...REFUSED,
  { kind: 'reset', apply: true },
  { kind: 'status', status: 412, code: 'PreconditionFailed' },
  { kind: 'slow', ms: 500 },
]

const READ_FAULTS: readonly Fault[] = [...REFUSED, { kind: 'truncate' }]

test.each(['local', 'remote'] as const)(
  `ack: %s: ${ROUNDS} rounds with a failing object store lose nothing (seed ${SEED})`,
  async (ack) => {
    const { stage, s3 } = await openS3Stage(3, {
      WA_GATEWAY_ACK: ack,
      WA_GATEWAY_SHIP_WINDOW: '50',
    })
    const { port } = s3
    const random = seeded(SEED)
    const loop = new KillLoop(stage, random)
    const status = () => stage.gateway.client.call('status', {})

    /** Lets some writes of these names fail, and waits until they did. */
    async function strike(name: RegExp, fault: Fault, provoke?: () => Promise<void>) {
      const times = fault.kind === 'slow' ? 1 : 1 + Math.floor(random() * 2)
      const end = s3.count('put', name) + times
      s3.faults.inject({ on: 'put', name, times, fault })
      await stage.gateway.eventually(`${JSON.stringify(fault)} at ${name}`, async () => {
        await provoke?.()
        return s3.count('put', name) >= end ? true : undefined
      })
    }

    /** Writes every owner record. */
    async function backUp(): Promise<void> {
      for await (const event of stage.gateway.client.stream('backup.create', { all: true }))
        void event
    }

    await stage.startPaired()
    await stage.exchange('before')
    await loop.kill()
    await loop.revive()
    for (let round = 0; round < ROUNDS; round++) {
      const load = loop.load()
      for (const fault of shuffled(WRITE_FAULTS, random)) await strike(OWNER, fault, backUp)
      for (const fault of shuffled(WRITE_FAULTS, random)) await strike(BUNDLE, fault)
      await strike(BUNDLE, { kind: 'slow', ms: SILENCE_MS })

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
        lag: { changes: 0, bytes: 0 },
        forfeits: [],
        paused: false,
      })
      // A snapshot may be faster than the bundle that waits for its next attempt.
      await stage.gateway.eventually('the store to be known as healthy', async () => {
        const { store, shipping } = await status()
        return store.healthy && shipping.lag.error === undefined ? true : undefined
      })

      // A snapshot would hide what a bundle lost.
      expect(missingSlots(s3)).toEqual([])

      await loop.kill()
      const restored = s3.seen.length
      for (const name of [OWNER, BUNDLE])
        for (const fault of READ_FAULTS) s3.faults.inject({ on: 'get', name, times: 1, fault })
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
