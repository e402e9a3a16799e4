import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { cause } from '../session/cause.ts'
import { GatewayError } from '../session/errors.ts'
import type { Result } from '../control/api.ts'
import { ask, check, failed, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

type Status = Result<'status'>

export const controlSocket: Check = {
  id: 'control-socket',
  title: 'Control socket',
  run: async (context) => judgeSocket(await ask(context), context.version),
}

export function judgeSocket(answer: Status | GatewayError, version: string): Finding {
  if (answer instanceof GatewayError) {
    const stopped = answer.message.startsWith('no daemon is running')
    return stopped ? warn(answer.message, answer.hint ?? '') : failed(answer)
  }
  if (answer.version !== version)
    return warn(
      `the daemon runs version ${answer.version}, this command is ${version}`,
      'restart the daemon after an update (`systemctl restart wa-gateway`); sessions are kept',
    )
  return pass(`version ${answer.version} answers as process ${answer.pid}`)
}

export const worker: Check = {
  id: 'worker',
  title: 'Worker',
  async run(context) {
    const answer = await ask(context)
    return answer instanceof GatewayError ? skip('no daemon answers') : judgeWorker(answer)
  },
}

function judgeWorker({ ready, phase, store, shipping }: Status): Finding {
  if (!store.healthy)
    return fail(`its object store: ${store.detail ?? 'it fails'}`, 'see the check of the store')
  if (shipping.paused)
    return fail(
      'sessions read nothing: too much waits for the object store',
      'see why the store is slow or away; WA_GATEWAY_BACKLOG_LIMIT is the limit',
    )
  if (!ready)
    return warn(`${phase}, not ready`, 'wait: `wa-gateway wait --for ready --timeout 600`')
  if (shipping.lag.error !== undefined)
    return warn(`shipping fails: ${shipping.lag.error}`, 'see `wa-gateway logs --level warn`')
  return pass(`${phase}, ${shipping.lag.changes} changes wait for the store`)
}

export const sessions: Check = {
  id: 'sessions',
  title: 'Sessions',
  async run(context) {
    const answer = await ask(context)
    return answer instanceof GatewayError
      ? skip('no daemon answers')
      : judgeSessions(answer.sessions)
  },
}

/** States in which a session waits for somebody, or that it comes out of by itself too slowly. */
const TROUBLED = new Set(['failed', 'needs-pairing', 'banned', 'conflict'])

export function judgeSessions(
  views: Pick<Status['sessions'][number], 'id' | 'state' | 'cause'>[],
): Finding {
  const troubled = views.filter(({ state }) => TROUBLED.has(state))
  const online = views.filter(({ state }) => state === 'online').length
  const [first] = troubled
  if (first === undefined) return pass(`${online} of ${views.length} online`)
  const words = first.cause === undefined ? first.state : cause(first.cause).words
  const more = troubled.length > 1 ? `, and ${troubled.length - 1} more` : ''
  return warn(
    `${online} of ${views.length} online; ${first.id}: ${words}${more}`,
    `run \`wa-gateway status --why ${first.id}\``,
  )
}

export interface UnitFacts {
  /** Undefined where there is no systemd. */
  unit: Record<string, string> | undefined
  /** Milliseconds. */
  stopTimeout: number
}

const UNIT = 'wa-gateway.service'
const PROPERTIES =
  'LoadState,ActiveState,SubState,Result,NRestarts,UnitFileState,TimeoutStopUSec,NeedDaemonReload'

export const systemdUnit: Check = check<UnitFacts>({
  id: 'systemd-unit',
  title: 'systemd unit',
  async gather({ config, signal }) {
    const stopTimeout = config.shutdown.timeout
    try {
      const args = ['show', UNIT, `--property=${PROPERTIES}`, '--timestamp=unix']
      const { stdout } = await promisify(execFile)('systemctl', args, { signal, timeout: 5_000 })
      const lines = stdout.split('\n').map((line) => line.split('=', 2))
      return { unit: Object.fromEntries(lines) as Record<string, string>, stopTimeout }
    } catch (error) {
      const { code } = error as { code?: unknown }
      // No systemctl, or no systemd that it could ask, as in a container.
      if (code !== 'ENOENT' && typeof code !== 'number') throw error
      return { unit: undefined, stopTimeout }
    }
  },
  judge: judgeUnit,
})

export function judgeUnit({ unit, stopTimeout }: UnitFacts): Finding {
  if (unit === undefined) return skip('no systemd answers')
  if (unit['LoadState'] === 'not-found') return skip(`there is no ${UNIT}`)
  if (unit['LoadState'] !== 'loaded')
    return fail(`${UNIT} is ${unit['LoadState'] ?? 'unknown'}`, `systemd-analyze verify ${UNIT}`)
  if (unit['ActiveState'] === 'failed')
    return fail(`${UNIT} failed: ${unit['Result'] ?? ''}`, `journalctl -u ${UNIT} -n 50`)
  const stop = milliseconds(unit['TimeoutStopUSec'] ?? '')
  if (stop !== undefined && stop <= stopTimeout)
    return fail(
      `it is killed ${stop} ms after a stop, and GRACEFUL_SHUTDOWN_TIMEOUT is ${stopTimeout} ms`,
      `set TimeoutStopSec above ${Math.ceil(stopTimeout / 1_000)} in the unit`,
    )
  if (unit['NeedDaemonReload'] === 'yes')
    return warn('the unit changed on disk and is not loaded yet', 'systemctl daemon-reload')
  if (Number(unit['NRestarts']) > 3)
    return warn(`it was restarted ${unit['NRestarts']} times`, `journalctl -u ${UNIT} -n 200`)
  if (unit['UnitFileState'] === 'disabled')
    return warn('it does not start with the host', `systemctl enable ${UNIT}`)
  return pass(`${unit['ActiveState']} (${unit['SubState']}), ${unit['UnitFileState']}`)
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }

/** systemd's `1min 30s`; undefined for `infinity` and what is no time. */
function milliseconds(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(ms|s|min|h)\b/g)]
  if (parts.length === 0) return undefined
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNITS[unit] ?? 0), 0)
}
