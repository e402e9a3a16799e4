const HOUR = 3_600_000
const UNITS: Record<string, number> = { h: HOUR, d: 24 * HOUR, w: 168 * HOUR, y: 8_760 * HOUR }
/** Weeks are how people write, days how they count. */
const ORDER = ['y', 'd', 'h']

/** What `parseDuration` wants, to finish "it is not …". */
export const DURATION_WORDS = 'a duration such as 36h, 7d, 2w or 1d12h'

/** Milliseconds of `36h`, `7d`, `2w`, `1y` or `1d12h`; of a plain `0` too. Else undefined. */
export function parseDuration(text: string): number | undefined {
  const bare = text.trim().toLowerCase()
  if (bare === '0') return 0
  if (!/^(\d{1,6}[hdwy])+$/.test(bare)) return undefined
  let sum = 0
  const units = new Set<string>()
  for (const [, number, unit = ''] of bare.matchAll(/(\d+)([hdwy])/g)) {
    if (units.has(unit)) return undefined
    units.add(unit)
    sum += Number(number) * (UNITS[unit] ?? 0)
  }
  return sum
}

/** The same back, shortest: `1d12h`; `0` for less than an hour. */
export function formatDuration(ms: number): string {
  let left = ms
  let text = ''
  for (const unit of ORDER) {
    const length = UNITS[unit] ?? HOUR
    const count = Math.floor(left / length)
    if (count === 0) continue
    text += `${count}${unit}`
    left -= count * length
  }
  return text === '' ? '0' : text
}
