import { cause } from '../session/cause.ts'
import type { SessionView } from '../session/state.ts'
import { rank } from './looks.ts'

/** How the sessions are ordered; the first is the default. */
export const SORTS = ['worst first', 'by name', 'last change', 'last activity', 'behind'] as const
export type Sort = (typeof SORTS)[number]

export function nextSort(sort: Sort): Sort {
  return SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? SORTS[0]
}

const byName = (a: SessionView, b: SessionView) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** Changes that the object store has not got. */
export function behind({ seq, storedSeq }: SessionView): number {
  return seq === undefined || storedSeq === undefined ? 0 : seq - storedSeq
}

/** An online session of which something is to be said comes before those that are just online. */
function badness(view: SessionView): number {
  return rank(view.state) - (view.flapping || view.provisional ? 0.5 : 0)
}

const COMPARE: Record<Sort, (a: SessionView, b: SessionView) => number> = {
  'worst first': (a, b) => badness(a) - badness(b) || a.since - b.since || byName(a, b),
  'by name': byName,
  'last change': (a, b) => b.since - a.since || byName(a, b),
  'last activity': (a, b) => (b.lastActivity ?? 0) - (a.lastActivity ?? 0) || byName(a, b),
  behind: (a, b) => behind(b) - behind(a) || byName(a, b),
}

export function sorted(views: readonly SessionView[], sort: Sort): SessionView[] {
  return views.toSorted(COMPARE[sort])
}

/** Whether each word of the filter is in one of the texts; letters' case does not count. */
export function matches(filter: string, texts: readonly (string | undefined)[]): boolean {
  const all = texts.join('\n').toLowerCase()
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word))
}

export function meets(filter: string, view: SessionView): boolean {
  if (filter === '') return true
  const { id, state, name, phone, detail, flapping, provisional } = view
  const words = view.cause === undefined ? undefined : `${view.cause} ${cause(view.cause).words}`
  const marks = [flapping && 'flapping', provisional && 'provisional'].filter(Boolean).join(' ')
  return matches(filter, [id, state, name, phone, detail, words, marks])
}
