/** One line of a result: a name and its figures. */
export type Row = { name: string } & Record<string, string | number>

/** Milliseconds with one decimal. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return Math.round(value * 10) / 10
}

/** A contender runs in a process of its own, named by the first argument, and prints its row. */
export async function contender<T extends string>(
  all: Record<T, unknown>,
  measure: (name: T) => Promise<Row>,
): Promise<void> {
  const name = process.argv[2]
  if (name === undefined || !Object.hasOwn(all, name)) {
    throw new Error(`name one of ${Object.keys(all).join(', ')}`)
  }
  process.stdout.write(`${JSON.stringify(await measure(name as T))}\n`)
}

export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [
    `| ${columns.join(' | ')} |`,
    `|${columns.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${columns.map((column) => row[column] ?? '').join(' | ')} |`),
  ]
  return `${lines.join('\n')}\n`
}
