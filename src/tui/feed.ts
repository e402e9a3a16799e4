import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlClient } from '../control/client.ts'
import { backoffMs } from '../session/backoff.ts'
import { toGatewayError } from '../session/errors.ts'
import type { Dashboard } from './dashboard.ts'

const STATUS_MS = 2_000
const LIST_MS = 30_000
/** The second list follows soon, for what changed before the daemon heard of the subscription. */
const SECOND_LIST_MS = 3_000
const RETRY = { baseMs: 500, maxMs: 5_000 }

/**
 * Keeps the dashboard informed: changes as they happen, what has no events every two seconds, and the
 * list of sessions now and then, which alone tells of those that are gone. A daemon that is lost is
 * asked for again and again. Resolves when the signal aborts.
 */
export async function feed(
  client: ControlClient,
  dashboard: Dashboard,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    const over = new AbortController()
    const both = AbortSignal.any([signal, over.signal])
    const streams = [
      events(client, dashboard, both),
      statuses(client, dashboard, both, () => {
        failures = 0
      }),
      lists(client, dashboard, both),
    ]
    try {
      await Promise.race(streams)
    } catch (thrown) {
      if (signal.aborted) break
      const waitMs = backoffMs(failures++, RETRY, Math.random())
      dashboard.lose(toGatewayError(thrown), dashboard.now + waitMs)
      await pause(waitMs, signal)
    } finally {
      over.abort()
      await Promise.allSettled(streams)
    }
  }
}

async function events(
  client: ControlClient,
  dashboard: Dashboard,
  signal: AbortSignal,
): Promise<void> {
  for await (const event of client.stream('events', {}, signal)) dashboard.told(event)
}

async function statuses(
  client: ControlClient,
  dashboard: Dashboard,
  signal: AbortSignal,
  onAnswer: () => void,
): Promise<void> {
  for (;;) {
    dashboard.status(await client.call('status', { sessions: 'none' }, signal))
    onAnswer()
    await sleep(STATUS_MS, undefined, { signal })
  }
}

async function lists(
  client: ControlClient,
  dashboard: Dashboard,
  signal: AbortSignal,
): Promise<void> {
  for (let n = 0; ; n++) {
    dashboard.world.fleet.begin()
    const { sessions } = await client.call('session.list', {}, signal)
    dashboard.listed(sessions)
    await sleep(n === 0 ? SECOND_LIST_MS : LIST_MS, undefined, { signal })
  }
}

/** Waits; the signal ends it early and is no error. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
