import { expect, test } from 'vitest'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import { BUNDLE } from '../support/bundle-names.ts'
import { openS3Stage } from '../support/s3-stage.ts'

const WINDOW_MS = 1_000
const WINDOWS = 4
/** At the same time; more would only wait for each other. */
const PAIRINGS = 10

const LONG = process.env['WA_GATEWAY_CHAOS_ROUNDS'] !== undefined

// Pairing many takes longer than the rest.
test.each(LONG ? [10, 100] : [10])(
  '%i busy sessions cost no more than one PUT a window',
  async (sessions) => {
    const { stage, s3 } = await openS3Stage(sessions, {
      WA_GATEWAY_SHIP_WINDOW: String(WINDOW_MS),
    })
    const loop = new KillLoop(stage, seeded(1))
    await stage.start()
    for (let n = 0; n < sessions; n += PAIRINGS)
      await Promise.all(stage.ids.slice(n, n + PAIRINGS).map((id) => stage.pair(id)))
    await stage.gateway.stop()
    await loop.revive()
    await loop.untilStored()

    const puts = s3.count('put', BUNDLE)
    const since = performance.now()
    while (s3.count('put', BUNDLE) < puts + WINDOWS) {
      await Promise.all(stage.ids.map((id) => loop.write(id)))
      await loop.untilNothingWaits()
    }
    await loop.untilStored()
    const made = s3.count('put', BUNDLE) - puts
    const windows = (performance.now() - since) / WINDOW_MS
    process.stdout.write(`${JSON.stringify({ sessions, made, windows, ...loop.totals })}\n`)
    // The first comes at once, and the last may be on its way.
    expect(made).toBeLessThanOrEqual(windows + 2)
    expect(loop.totals.inbound).toBeGreaterThanOrEqual(sessions)
    expect(loop.harm()).toEqual(NO_HARM)
  },
  180_000,
)
