import type { Result } from '../../src/control/api.ts'
import { backendFields } from './backend.ts'
import { cause } from '../../src/session/cause.ts'
import { renderSessions } from './sessions.ts'
import { shipping } from './shipping.ts'
import { renderFields } from './table.ts'
import { duration } from '../../src/words/time.ts'
import { harmless, width } from '../../src/words/text.ts'
import { troubles } from '../../src/words/troubles.ts'

type Status = Result<'status'>

/** `rows` and `columns` of the terminal, where it is read on one. */
export function renderStatus(
  status: Status,
  now: number,
  columns?: number,
  rows = Infinity,
): string {
  const { sessions } = status
  const online = sessions.filter(({ state }) => state === 'online').length
  const fields = renderFields([
    ['worker', `${status.worker}, ${status.phase}${status.ready ? '' : ', not ready'}`],
    [
      'daemon',
      `wa-gateway ${status.version}, process ${status.pid}, up ${duration(now - status.startedAt)}`,
    ],
    ['whatsapp', status.whatsapp.url],
    ['store', store(status.store)],
    ...encryption(status.store),
    ...shipping(status.shipping, now),
    ...backendFields(status.backend, now),
    ['recovery', recovery(status.recovery)],
    ...status.recovery.paused.map((one) => paused(one, now)),
    ...verified(status.verify, now),
    ...secondSite(status.copy, now),
    ...fleet(status.fleet, now),
    ['sessions', `${online} of ${sessions.length} online${provisional(sessions)}`],
  ])
  const wrong = renderTroubles(status, now)
  const page = `${fields}\n${renderSessions(sessions, now, columns)}`
  if (wrong === '') return page
  // What has scrolled away is said again where it is seen.
  const scrolls = screenLines(`${wrong}\n${page}`, columns) >= rows
  return `${wrong}\n${page}${scrolls ? `\n${wrong}` : ''}`
}

function screenLines(text: string, columns = Infinity): number {
  const lines = text.split('\n').slice(0, -1)
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(width(line) / columns)), 0)
}

/** What is wrong and what to do; empty where all is well. */
function renderTroubles(status: Status, now: number): string {
  return troubles(status, now)
    .map(({ what, next }) => `trouble: ${harmless(what)}\ntry: ${harmless(next)}\n`)
    .join('')
}

function store({ label, healthy, offHost, detail }: Status['store']): string {
  const health = healthy ? 'healthy' : 'FAILING'
  const more = detail ?? (offHost ? undefined : 'no off-host copy, a lost disk takes it along')
  return `${label}, ${health}${more === undefined ? '' : `: ${more}`}`
}

function encryption({ encryption: view }: Status['store']): [string, string][] {
  if (view === undefined) return []
  const { kind, keyId, keys = 0 } = view
  if (kind === 'none') return [['encryption', 'none']]
  if (keyId === undefined) return [['encryption', `${kind}, not unlocked yet`]]
  return [['encryption', `${kind}, key ${keyId}${keys > 1 ? ` of ${keys}` : ''}`]]
}

function verified(view: Status['verify'], now: number): [string, string][] {
  const { sessions, verified: done, damaged, oldestAt, waiting } = view
  if (sessions === 0) return []
  const first = oldestAt === undefined ? '' : `, the first of them ${duration(now - oldestAt)} ago`
  const why = waiting === undefined || done === sessions ? '' : `; waits: ${waiting}`
  const line: [string, string] = [
    'verified',
    `${done} of ${sessions} sessions in the store${first}${why}`,
  ]
  if (damaged.length === 0) return [line]
  const what = `${damaged.join(', ')}: run \`wa-gateway backup verify --session ${damaged[0] ?? ''}\``
  return [line, ['DAMAGED', what]]
}

function secondSite(view: Status['copy'], now: number): [string, string][] {
  if (view === undefined) return []
  const { store: name, completeAt, running, trouble, waiting } = view
  const parts = [
    completeAt === undefined
      ? 'no complete copy yet'
      : `complete ${duration(now - completeAt)} ago`,
  ]
  if (running !== undefined)
    parts.push(`copying, ${running.done} of ${running.total ?? '?'} sessions`)
  if (waiting !== undefined) parts.push(`waits: ${waiting}`)
  if (trouble !== undefined) {
    const words = trouble.outcome === 'failed' ? 'FAILING' : 'INCOMPLETE'
    parts.push(`${words}: ${trouble.detail ?? 'see the log'}`)
  }
  return [['copy', `${name}, ${parts.join('; ')}`]]
}

function fleet(view: Status['fleet'], now: number): [string, string][] {
  if (view === undefined) return []
  const { database, state, since, publishedAt, waiting, detail } = view
  const age =
    publishedAt === undefined ? 'nothing told yet' : `told ${duration(now - publishedAt)} ago`
  const behind = waiting === 0 ? '' : `, ${waiting} to tell`
  if (state === 'connected') return [['fleet', `${database}, ${age}${behind}`]]
  if (state === 'connecting') return [['fleet', `${database}, connecting`]]
  const words = state === 'refused' ? 'REFUSED' : 'AWAY'
  const why = detail === undefined ? '' : `: ${detail}`
  return [['fleet', `${words} for ${duration(now - since)}, ${age}${behind}${why}`]]
}

function provisional(sessions: Status['sessions']): string {
  const count = sessions.filter((view) => view.provisional).length
  return count === 0 ? '' : `, ${count} provisional until the store answers`
}

function paused(one: Status['recovery']['paused'][number], now: number): [string, string] {
  const what = one.outage === 'store' ? 'restores' : 'logins'
  const { words } = cause(one.cause)
  const since = `for ${duration(now - one.since)}, ${one.probes} tried since`
  return ['PAUSED', `all ${what} ${since}: ${words}`]
}

function recovery(state: Status['recovery']): string {
  if (state.phase === 'none') return 'none yet'
  if (state.phase === 'waiting') return 'waits for the start-up delay'
  const { done, total, recovered, failed, skipped } = state
  const counts = `${recovered} recovered, ${failed} failed, ${skipped} skipped`
  return state.phase === 'done' ? counts : `${done} of ${total} done: ${counts}`
}
