const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `812 B`, `47.1 KiB`. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10))
  return `${power === 0 ? count : (count / 1024 ** power).toFixed(1)} ${UNITS[power]}`
}
