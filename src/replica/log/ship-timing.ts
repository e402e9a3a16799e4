/** Milliseconds and bytes. */
export interface ShipTiming {
  /** Between the beginnings of two bundles at least. */
  window: number
  /** How long the first change after a pause waits for others to join it. */
  gather: number
  /** Pauses after a failure: doubled from the first up to the longest. */
  firstPause: number
  longestPause: number
  /** Records in one bundle. */
  bundleBytes: number
}

const MEBIBYTE = 1024 * 1024

/** Acknowledging remotely, somebody waits for every bundle; locally, fewer of them matter more. */
export function shipTiming(ack: 'local' | 'remote', window?: number): ShipTiming {
  const remote = ack === 'remote'
  const ms = window ?? (remote ? 25 : 1_000)
  const gather = remote ? Math.min(ms, 5) : ms
  const pauses = { firstPause: 250, longestPause: 15_000 }
  return { window: ms, gather, ...pauses, bundleBytes: 4 * MEBIBYTE }
}
