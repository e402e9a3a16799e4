import type { Event } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { elapsed } from '../../src/words/time.ts'
import { renderFields } from './table.ts'

type Told = Event<'backup.drill'>
type Drilled = Extract<Told, { type: 'session' }>['result']
type Summary = Extract<Told, { type: 'end' }>['summary']

/** What went wrong with one session; empty where it was restored. */
export function renderDrilled({ sessionId, outcome, detail = '' }: Drilled): string {
  const words = { failed: 'NOT RESTORED', nothing: 'nothing stored', skipped: 'skipped' } as const
  return outcome === 'restored' ? '' : `${sessionId}: ${words[outcome]}: ${detail}\n`
}

/** The end of a drill for a person. */
export function renderDrill(summary: Summary): string {
  const { restored, sessions, failed, nothing, skipped, loggedIn, exchanged } = summary
  const { loginMs, rto, rpo, atRisk } = summary
  const more = [
    ...(failed > 0 ? [`${failed} FAILED`] : []),
    ...(nothing > 0 ? [`${nothing} with nothing stored`] : []),
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
  ]
  const fields = renderFields([
    ['restored', [`${restored} of ${sessions}, byte for byte`, ...more].join(', ')],
    ['took', `${elapsed(summary.tookMs)} for ${bytes(summary.bytes)}`],
    ['a restore', spread(summary.restoreMs)],
    [
      'a login',
      loginMs &&
        `${spread(loginMs)}; ${loggedIn} ${loggedIn === 1 ? 'copy' : 'copies'} logged in at the simulator${exchanged > 0 ? `, ${exchanged} read a message and sent one` : ''}`,
    ],
    ['host lost: RTO', `about ${elapsed(rto.totalMs)} until ${rto.sessions} sessions are back`],
    ['host lost: RPO', rpoWords(rpo)],
    ['at risk', atRisk.length === 0 ? 'no session' : `${atRisk.length} sessions`],
  ])
  return `${fields}${atRisk.map(({ sessionId, why }) => `  ${sessionId}: ${why}\n`).join('')}`
}

function spread({ p50, p95, max }: Summary['restoreMs']): string {
  return `p50 ${elapsed(p50)}, p95 ${elapsed(p95)}, longest ${elapsed(max)}`
}

function rpoWords({ ack, offHost, changes, oldestMs }: Summary['rpo']): string {
  if (!offHost) return 'EVERYTHING: the object store is on this host (set MINIO_ENDPOINT)'
  if (changes === 0) return 'nothing'
  const what = `${changes} changes of the last ${elapsed(oldestMs)}`
  return ack === 'remote' ? `nothing that was acknowledged (${what} wait)` : what
}
