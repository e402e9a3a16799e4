import { formatDuration } from '../../session/duration.ts'
import { backupId } from '../names.ts'
import type { SnapshotRef } from '../owner.ts'
import { DAY, HOUR, type RetentionPolicy } from './policy.ts'

/** What is known beside the record; ids as `backupId` makes them. */
export interface RetentionFacts {
  /** Milliseconds since the epoch. */
  now: number
  /** Snapshots that were read and found damaged. */
  damaged?: ReadonlySet<string>
  /** Snapshots from which the moments of the point-in-time window are told. */
  needed?: ReadonlySet<string>
  /** Names that keep nothing any more: what bears one goes, unless it must stay. */
  dropNamed?: ReadonlySet<string>
}

export interface Judged {
  ref: SnapshotRef
  /** Why it stays or goes, in words; more than one rule may keep it. */
  reasons: string[]
  /** Its name was dropped, but it must stay. */
  nameless?: true
}

export interface Retention {
  kept: Judged[]
  dropped: Judged[]
}

/** Of those that a person asked for, or that a restore replaced. */
const DELIBERATE = 20
const DELIBERATE_MS = 30 * DAY

/**
 * Which snapshots of a session stay. `refs` is all that its record names, newest first, the one that
 * a recovery starts from included. The newest stays whatever the policy says, and the newest that is
 * not known to be damaged, so a session never loses its last.
 */
export function retain(
  refs: readonly SnapshotRef[],
  policy: RetentionPolicy,
  facts: RetentionFacts,
): Retention {
  const must = mustStay(refs, facts)
  const rules = rulesOf(policy, facts.now)
  const result: Retention = { kept: [], dropped: [] }
  for (const [index, ref] of refs.entries()) {
    const byName = ref.name !== undefined && facts.dropNamed?.has(ref.name) === true
    // Every rule sees every snapshot: whether it is the newest of its hour does not hang on others.
    const wanted = rules.flatMap((rule) => rule(ref, index) ?? [])
    const reasons = [...must(ref, index), ...(byName ? [] : wanted)]
    if (reasons.length > 0) result.kept.push({ ref, reasons, ...(byName && { nameless: true }) })
    else result.dropped.push({ ref, reasons: [byName ? `named ${ref.name}` : 'no rule keeps it'] })
  }
  return result
}

/** The least that a session needs, whatever the policy is. */
function mustStay(
  refs: readonly SnapshotRef[],
  { damaged, needed }: RetentionFacts,
): (ref: SnapshotRef, index: number) => string[] {
  const sound = refs.findIndex((ref) => damaged?.has(backupId(ref)) !== true)
  return (ref, index) => {
    const reasons: string[] = []
    if (index === 0) reasons.push('newest')
    else if (index === sound) reasons.push('newest that is sound')
    if (needed?.has(backupId(ref)) === true) reasons.push('point in time')
    return reasons
  }
}

type Rule = (ref: SnapshotRef, index: number) => string | undefined

function rulesOf(policy: RetentionPolicy, now: number): Rule[] {
  const { keepLast, keepHourly, keepDaily, keepWithin } = policy
  let deliberate = 0
  return [
    ({ name }) => name && `named ${name}`,
    (ref) => {
      if (!isDeliberate(ref)) return undefined
      const stays = ++deliberate <= DELIBERATE && now - ref.createdAt < DELIBERATE_MS
      return stays
        ? ref.trigger === 'manual'
          ? 'made by hand'
          : 'replaced by a restore'
        : undefined
    },
    (_, index) => (index < keepLast ? 'last' : undefined),
    newestOfEach(HOUR, keepHourly, 'hourly', now),
    newestOfEach(DAY, keepDaily, 'daily', now),
    ({ createdAt }) =>
      now - createdAt < keepWithin ? `within ${formatDuration(keepWithin)}` : undefined,
  ]
}

/** Refs come newest first, so the first of a bucket is its newest. */
function newestOfEach(length: number, count: number, words: string, now: number): Rule {
  const seen = new Set<number>()
  return ({ createdAt }) => {
    const bucket = Math.floor(createdAt / length)
    const first = !seen.has(bucket)
    seen.add(bucket)
    return first && now - createdAt < count * length ? words : undefined
  }
}

function isDeliberate({ trigger }: SnapshotRef): boolean {
  return trigger === 'manual' || trigger === 'before-restore'
}
