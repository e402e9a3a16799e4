/** What a loss of this host would cost now. Milliseconds. */
export interface Rto {
  /** Sessions that would be brought back. */
  sessions: number
  /** Until the last of them is restored, and until the last is logged in. */
  restoreMs: number
  totalMs: number
}

interface Facts {
  sessions: number
  /** How long each measured restore took: reading, decrypting and installing it. */
  restoreMs: readonly number[]
  /** How long each measured login took; none where no copy logged in. */
  loginMs: readonly number[]
  /** Restores and logins at the same time, and logins a second. */
  restores: number
  logins: number
  loginRate: number
}

/** A login where none was measured: what one takes over the Internet. */
const LOGIN_MS = 2_000

/**
 * The restores run ahead of the logins, so the longer of the two counts, and one of the other comes
 * before or after it. Measured one at a time: lanes share a host, so it is a lower bound.
 */
export function rtoOf(facts: Facts): Rto {
  const { sessions, restores, logins, loginRate } = facts
  if (sessions === 0) return { sessions, restoreMs: 0, totalMs: 0 }
  const restore = mean(facts.restoreMs)
  const login = facts.loginMs.length === 0 ? LOGIN_MS : mean(facts.loginMs)
  const restoreMs = restore * Math.ceil(sessions / restores)
  const loginMs = Math.max((sessions / loginRate) * 1_000, login * Math.ceil(sessions / logins))
  return {
    sessions,
    restoreMs: Math.round(restoreMs),
    totalMs: Math.round(Math.max(restoreMs + login, restore + loginMs)),
  }
}

/** The value below which `share` of the others are; 0 where there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
