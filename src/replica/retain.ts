import type { SnapshotRef } from './owner.ts'

const NEWEST = 3
const HOURS = 72
const DELIBERATE = 20
const HOUR = 3_600_000

/**
 * Which of the superseded snapshots stay backups: the newest three, the newest of each hour of the
 * last 72, and the newest 20 that a person asked for or a restore replaced. Newest first, like its
 * input. `now` is in milliseconds since the epoch.
 */
export function retain(refs: readonly SnapshotRef[], now: number): SnapshotRef[] {
  const hours = new Set<number>()
  let deliberate = 0
  return refs.filter((ref, index) => {
    const hour = Math.floor(ref.createdAt / HOUR)
    const firstOfHour = now - ref.createdAt < HOURS * HOUR && !hours.has(hour)
    hours.add(hour)
    const asked = isDeliberate(ref) && ++deliberate <= DELIBERATE
    return index < NEWEST || firstOfHour || asked
  })
}

function isDeliberate({ trigger }: SnapshotRef): boolean {
  return trigger === 'manual' || trigger === 'before-restore'
}
