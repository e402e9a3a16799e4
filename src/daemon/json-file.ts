import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { z } from 'zod'
import { GatewayError } from '../session/errors.ts'

/** What a small file of the state directory holds; undefined where there is none. */
export function readJsonFile<T>(
  path: string,
  content: z.ZodType<T>,
  { says, hint }: { says: string; hint: string },
): T | undefined {
  try {
    return content.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new GatewayError({
      code: 'state.corrupt',
      subject: path,
      message: `${path} cannot be read: it says ${says}`,
      hint,
      cause: error,
    })
  }
}

/** Replaces it, durably and as a whole. */
export function writeJsonFile(path: string, value: unknown): void {
  const aside = `${path}.new`
  const file = openSync(aside, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify(value)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(aside, path)
}
