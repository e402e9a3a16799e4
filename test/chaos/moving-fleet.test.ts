import { expect, onTestFinished, test } from 'vitest'
import { MovingFleet } from '../support/moving-fleet.ts'
import { openBackend } from '../support/open-backend.ts'
import { seeded } from '../support/random.ts'
import { openS3Stage } from '../support/s3-stage.ts'

const LONG = process.env['WA_GATEWAY_CHAOS_ROUNDS']
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
/** Each takes up to two minutes, most of it waiting for silence. */
const ROUNDS = LONG === undefined ? 0 : Math.ceil(Number(LONG) / 4)
/** What shows within seconds. */
const SHORT = ['puts an old disk back', 'starts the copy of a disk beside its worker'] as const

test(
  `a fleet whose workers die, freeze and find old disks forks and loses no session (seed ${SEED})`,
  async () => {
    const { backend, env } = await openBackend()
    const { stage } = await openS3Stage(2, { ...MovingFleet.env, ...env })
    const fleet = new MovingFleet(stage, backend, seeded(SEED))
    onTestFinished(() => fleet.close())
    await fleet.start(LONG === undefined ? ['worker-1'] : ['worker-1', 'worker-2', 'worker-3'])
    const acts: string[] = []
    if (LONG === undefined) for (const act of SHORT) acts.push(await fleet.round(act))
    for (let n = 0; n < ROUNDS; n++) acts.push(await fleet.round())
    process.stdout.write(`${JSON.stringify({ acts, ...fleet.totals })}\n`)
    expect(fleet.harm()).toEqual({
      lost: 0,
      unread: [],
      troubledInbound: [],
      undecryptable: [],
      reusedCounters: [],
      ghosts: [],
      unlinks: [],
      newPairings: 0,
      violations: [],
    })
    expect(fleet.totals.sent).toBeGreaterThan(0)
  },
  240_000 + ROUNDS * 200_000,
)
