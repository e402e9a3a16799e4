import { expect, test } from 'vitest'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import { openS3Stage } from '../support/s3-stage.ts'

const ROUNDS = Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 2)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
/** What is lost with everything stored, or restarts on its disk, needs fewer to show. */
const LOCAL_ROUNDS = Math.ceil(ROUNDS / 2)
const LIMIT = 60_000 + ROUNDS * 60_000

test(
  `ack: remote: ${ROUNDS} kills under load, each with the loss of the disk, lose nothing (seed ${SEED})`,
  async () => {
    const { stage } = await openS3Stage(8, {
      WA_GATEWAY_ACK: 'remote',
      // Short, so that kills fall into snapshots too.
      WA_GATEWAY_SNAPSHOT_INTERVAL: '500',
    })
    const loop = new KillLoop(stage, seeded(SEED))
    await stage.startPaired()
    await stage.exchange('before')
    await loop.kill()
    await loop.revive()
    await loop.rounds(ROUNDS, () => ({ disk: 'wiped' }))
    await stage.exchange('after')
    process.stdout.write(`${JSON.stringify(loop.totals)}\n`)
    expect(loop.harm()).toEqual(NO_HARM)
    expect(await loop.findings()).toEqual([])
    expect(loop.totals.inbound).toBeGreaterThan(0)
    expect(loop.totals.sent).toBeGreaterThan(0)
  },
  LIMIT,
)

test(
  `ack: local: ${LOCAL_ROUNDS} kills with the disk kept or, when all is stored, lost (seed ${SEED})`,
  async () => {
    const { stage } = await openS3Stage(8)
    const loop = new KillLoop(stage, seeded(SEED))
    await stage.startPaired()
    await stage.exchange('before')
    await loop.kill()
    await loop.revive()
    await loop.rounds(LOCAL_ROUNDS, (round) =>
      round % 2 === 0 ? { disk: 'wiped', settled: true } : {},
    )
    await stage.exchange('after')
    process.stdout.write(`${JSON.stringify(loop.totals)}\n`)
    expect(loop.harm()).toEqual(NO_HARM)
    expect(await loop.findings()).toEqual([])
    expect(loop.totals.inbound).toBeGreaterThan(0)
    expect(loop.totals.sent).toBeGreaterThan(0)
  },
  LIMIT,
)
