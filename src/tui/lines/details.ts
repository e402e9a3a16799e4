import { nextStep } from '../../session/cause.ts'
import { bytes } from '../../words/bytes.ts'
import { harmless } from '../../words/text.ts'
import { outcomeOf } from '../../words/tried.ts'
import { duration, elapsed, instant } from '../../words/time.ts'
import { why } from '../../words/why.ts'
import type { Dashboard } from '../dashboard.ts'
import { prose, type Line, type Segment } from '../line.ts'
import { look } from '../looks.ts'
import type { Details, SessionShown } from '../world.ts'

const LABEL = 14
const BACKUPS = 10

/** All about one session: what is wrong and what to do first, then what was tried, then the rest. */
export function detailsLines({ world, layout, now }: Dashboard, id: string): Line[] {
  const { columns } = layout
  const view = world.fleet.get(id)
  const details = world.details?.id === id ? world.details : undefined
  const shown = details?.shown.value
  if (view === undefined && shown === undefined)
    return [heading(id), [''], [`this worker does not have ${harmless(id)} any more`]]
  const current = view ?? shown?.session
  if (current === undefined) return [heading(id)]
  const { glyph, color } = look(current.state)
  const next =
    shown?.next ?? (current.cause === undefined ? undefined : nextStep(current.cause, id))
  const marks = [
    current.flapping && 'flapping: its connections do not last',
    current.provisional && 'provisional until the store answers',
  ].filter(Boolean)
  return [
    heading(id),
    [''],
    field('state', [
      { text: `${glyph} ${current.state}`, ...(color && { color }), bold: true },
      ` for ${duration(now - current.since)}${marks.length === 0 ? '' : `, ${marks.join(', ')}`}`,
    ]),
    ...optional('cause', current.cause),
    ...told('why', why(current), columns),
    ...optional('next try', ahead(current, now)),
    ...told('what to do', next, columns, { bold: true }),
    [''],
    ...(details === undefined ? [['loading…']] : rest(details, now)),
  ]
}

const heading = (id: string): Line => [{ text: harmless(id), bold: true, inverse: true }]

function field(label: string, value: Line): Line {
  return [{ text: label.padEnd(LABEL), dim: true }, ...value]
}

/** A longer text, over several lines if need be. */
function told(
  label: string,
  text: string | undefined,
  columns: number,
  style: Omit<Segment, 'text'> = {},
): Line[] {
  if (text === undefined) return []
  const lines = prose(harmless(text), Math.max(10, columns - LABEL))
  return lines.map((line, n) => field(n === 0 ? label : '', [{ text: line, ...style }]))
}

function optional(label: string, value: string | undefined): Line[] {
  return value === undefined || value === '' ? [] : [field(label, [harmless(value)])]
}

function ahead(
  { state, nextAttemptAt, waitsFor }: SessionShown['session'],
  now: number,
): string | undefined {
  if (state === 'online') return undefined
  if (waitsFor === 'store') return 'when its changes are stored'
  if (nextAttemptAt !== undefined)
    return nextAttemptAt > now ? `in ${elapsed(nextAttemptAt - now)}` : 'now'
  return waitsFor === 'turn' ? 'when it is its turn to log in' : undefined
}

function rest({ shown, backups }: Details, now: number): Line[] {
  const { value } = shown
  return [
    ...(shown.error === undefined
      ? []
      : [[{ text: `✗ ${harmless(shown.error.message)}`, color: 'red' as const }]]),
    ...(value === undefined ? [] : [...timeline(value, now), ...facts(value)]),
    ...snapshots(backups, now),
  ]
}

function timeline({ tried }: SessionShown, now: number): Line[] {
  if (tried.length === 0)
    return [
      [{ text: 'TRIED', dim: true, bold: true }],
      ['  nothing since the worker started'],
      [''],
    ]
  const lines = tried.toReversed().map((one): Line => {
    const outcome = outcomeOf(one)
    return [
      `  ${`${duration(now - one.at)} ago`.padEnd(9)} ${one.what.padEnd(8)} ${elapsed(one.ms).padEnd(8)} `,
      {
        text: `${outcome.good ? '●' : '✗'} ${outcome.word}`.padEnd(9),
        color: outcome.good ? 'green' : 'red',
      },
      ` ${harmless(outcome.why)}`,
    ]
  })
  return [[{ text: 'TRIED, the newest first', dim: true, bold: true }], ...lines, ['']]
}

function facts({ session, record, owner, ownerError }: SessionShown): Line[] {
  const time = (at: number | null | undefined) => (at ? instant(at) : undefined)
  return [
    ...optional('phone', session.phone),
    ...optional('name', session.name),
    ...optional('user', session.userId),
    ...optional('wanted', record?.desired),
    ...optional('assigned by', record?.assignedBy),
    ...optional('paired', time(record?.pairedAt)),
    ...optional('last online', time(record?.lastOnlineAt)),
    ...optional('last activity', time(session.lastActivity ?? record?.lastActivityAt)),
    field('messages', [`${session.messagesIn} in, ${session.messagesOut} out`]),
    ...optional('changes', changes(session)),
    field('owner', [
      ownerError === undefined ? ownerOf(owner) : `not known: ${harmless(ownerError)}`,
    ]),
    [''],
  ]
}

function changes({ seq, storedSeq, epoch }: SessionShown['session']): string | undefined {
  if (seq === undefined) return undefined
  const stored = storedSeq === undefined ? '' : `, ${storedSeq} stored`
  return `${seq}${stored}${epoch === undefined ? '' : `, epoch ${epoch}`}`
}

function ownerOf(owner: SessionShown['owner']): string {
  if (owner === null) return 'none: the object store does not know this session'
  const state = owner.removed ? 'removed' : owner.released ? 'released' : 'holds it'
  return `${harmless(owner.worker)}${owner.mine ? ' (this one)' : ''}, ${state}, epoch ${owner.epoch}`
}

function snapshots({ value, error, loading }: Details['backups'], now: number): Line[] {
  const title: Line = [{ text: 'BACKUPS, the newest first', dim: true, bold: true }]
  if (error !== undefined)
    return [title, [{ text: `  ✗ ${harmless(error.message)}`, color: 'red' }]]
  if (value === undefined) return loading ? [title, ['  loading…']] : []
  if (value.length === 0) return [title, ['  none']]
  const lines = value
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(0, BACKUPS)
    .map((one): Line => [
      `  ${one.id.padEnd(14)} ${duration(now - one.createdAt).padStart(4)} old  ${bytes(one.size).padStart(9)}  ${one.keys} keys  ${one.trigger}`,
    ])
  const left = value.length - lines.length
  return [
    title,
    ...lines,
    ...(left > 0 ? [[`  and ${left} more: \`wa-gateway backup list\``]] : []),
  ]
}
