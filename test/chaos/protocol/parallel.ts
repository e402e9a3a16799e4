import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { MUTANTS } from './mutants.ts'
import type { RunResult } from './run.ts'

const run = promisify(execFile)
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Spreads the schedules over so many processes; with the same seeds it finds the same. */
export async function runParallel(
  schedules: number,
  { processes = 2, from = 1 } = {},
): Promise<RunResult> {
  const shares = Array.from({ length: processes }, (_, n) => n)
  const parts = await Promise.all(
    shares.map((n) => {
      const count = Math.ceil((schedules - n) / processes)
      const seeds = [`--from=${from + n}`, `--stride=${processes}`, `--schedules=${count}`]
      return child([], seeds, {})
    }),
  )
  const total: RunResult = { schedules: 0, violations: [], counts: {} }
  for (const part of parts) {
    total.schedules += part.schedules
    total.violations.push(...part.violations)
    for (const [key, count] of Object.entries(part.counts))
      total.counts[key] = (total.counts[key] ?? 0) + count
  }
  return total
}

/** Runs with one rule broken, until that shows; the seeds are always the same. */
export function runMutant(index: number, schedules: number): Promise<RunResult> {
  if (MUTANTS[index] === undefined) throw new RangeError(`there is no mutant ${index}`)
  const hooks = ['--import', here('mutate.ts')]
  return child(hooks, ['--stop', `--schedules=${schedules}`], { MUTANT: String(index) })
}

async function child(
  flags: string[],
  args: string[],
  env: Record<string, string>,
): Promise<RunResult> {
  const command = [...flags, here('main.ts'), ...args]
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await run(process.execPath, command, options)
  return JSON.parse(stdout) as RunResult
}
