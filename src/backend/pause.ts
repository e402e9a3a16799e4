interface Pauses {
  /** Milliseconds after the first failure; doubled with each further one. */
  base: number
  max: number
}

/**
 * Milliseconds to wait after so many failures in a row, half to all of it by chance (`random` is in
 * 0 to 1), so that workers which lost the backend together don't come back together.
 */
export function pauseAfter(failures: number, { base, max }: Pauses, random: number): number {
  const whole = Math.min(max, base * 2 ** Math.min(Math.max(failures, 1) - 1, 30))
  return Math.round((whole * (1 + random)) / 2)
}
