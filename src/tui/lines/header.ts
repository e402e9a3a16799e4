import { duration } from '../../words/time.ts'
import { bytes } from '../../words/bytes.ts'
import { harmless } from '../../words/text.ts'
import type { Dashboard } from '../dashboard.ts'
import { joined, spread, type Line } from '../line.ts'
import { look, WORST_FIRST } from '../looks.ts'
import type { Status } from '../world.ts'

/** How many are online is said even where the line is cut. */
const ONLINE_FIRST = WORST_FIRST.toSorted((a, b) => Number(b === 'online') - Number(a === 'online'))

/** A verification that is so many intervals late does not go forward. */
const OVERDUE = 2
/** From so many columns on there is room for words. */
const WIDE = 100

/** Who the worker is, its sessions by state, and what they rest on. */
export function headerLines({ world, options, layout, now }: Dashboard): Line[] {
  const { status, fleet } = world
  const { columns, header } = layout
  const who = worker(status, options.version, now)
  const counts = [
    { text: `${fleet.size} ${fleet.size === 1 ? 'session' : 'sessions'}`, bold: true },
    ':',
    ...ONLINE_FIRST.filter((state) => fleet.count(state) > 0).flatMap((state): Line => {
      const { glyph, color } = look(state)
      return ['  ', { text: `${glyph} ${fleet.count(state)} ${state}`, ...(color && { color }) }]
    }),
  ]
  if (header === 1) return [spread([...who.slice(2, 5), '  '], counts, columns)]
  const tags = options.readonly ? [{ text: 'read-only', color: 'yellow' as const }] : []
  return [
    spread(who, tags, columns),
    counts,
    status === undefined ? [] : under(status, now, columns >= WIDE),
  ]
}

function worker(status: Status | undefined, version: string, now: number): Line {
  const name = { text: `wa-gateway ${status?.version ?? version}`, bold: true }
  if (status === undefined) return [name, '  ', 'waiting for the daemon…']
  const { worker, ready, phase, startedAt } = status
  return [
    name,
    '  ',
    { text: harmless(worker), bold: true },
    '  ',
    ready
      ? { text: `● ready, ${phase}`, color: 'green' }
      : { text: `○ not ready, ${phase}`, color: 'yellow' },
    `  up ${duration(now - startedAt)}`,
  ]
}

/** Object store, what it lacks, backend, backups; what is wrong with copies before what is well. */
function under(status: Status, now: number, wide: boolean): Line {
  const { store, shipping, backend, recovery, verify } = status
  const { lag, paused } = shipping
  const behind =
    lag.changes === 0
      ? 'behind: nothing'
      : `behind: ${lag.changes} changes, ${bytes(lag.bytes)}, ${duration(lag.oldestMs)}`
  const damaged = verify.damaged.length
  return joined([
    damaged === 0
      ? undefined
      : [{ text: `✗ ${damaged} ${damaged === 1 ? 'copy' : 'copies'} DAMAGED`, color: 'red' }],
    store.healthy
      ? [`store: ${store.offHost ? 'healthy' : 'healthy, not off-host'}`]
      : [{ text: '✗ store: FAILING', color: 'red' }],
    lag.error === undefined ? [behind] : [{ text: `✗ ${behind}, FAILING`, color: 'red' }],
    paused ? [{ text: '‖ reading PAUSED', color: 'red' }] : undefined,
    backendLine(backend, now),
    fleetLine(status.fleet, now),
    ...recovery.paused.map(({ outage, since }): Line => [
      {
        text: `‖ ${outage === 'store' ? 'restores' : 'logins'} wait for ${duration(now - since)}`,
        color: 'yellow',
      },
    ]),
    verifiedLine(verify, now, wide),
  ])
}

/** The oldest unverified backup: how many never were read, or when the one was that waits longest. */
function verifiedLine(verify: Status['verify'], now: number, wide: boolean): Line | undefined {
  const { sessions, verified, oldestAt, intervalMs } = verify
  if (sessions === 0) return undefined
  if (oldestAt === undefined)
    return [
      wide ? `backups verified: ${verified} of ${sessions}` : `verified ${verified}/${sessions}`,
    ]
  const age = now - oldestAt
  const text = `${wide ? 'oldest backup ' : ''}verified ${duration(age)} ago`
  return [age > OVERDUE * intervalMs ? { text: `! ${text}`, color: 'yellow' } : text]
}

/** Sessions do not need it: it is told of only where it fails. */
function fleetLine(fleet: Status['fleet'], now: number): Line | undefined {
  if (fleet?.state !== 'away' && fleet?.state !== 'refused') return undefined
  return [{ text: `! fleet: ${fleet.state} for ${duration(now - fleet.since)}`, color: 'yellow' }]
}

function backendLine({ kind, reach, reachSince, outbox }: Status['backend'], now: number): Line {
  if (kind === 'standalone') return ['standalone']
  const since = reachSince === undefined ? '' : ` for ${duration(now - reachSince)}`
  const waiting = outbox === undefined || outbox.waiting === 0 ? '' : `, ${outbox.waiting} waiting`
  if (reach === 'away' || reach === 'denied')
    return [{ text: `✗ backend: ${reach}${since}${waiting}`, color: 'red' }]
  return [`backend: ${reach ?? 'unknown'}${waiting}`]
}
