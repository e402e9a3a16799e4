import { crc32 } from 'node:zlib'
import type { DataSample } from './port.ts'

/** The whole of what samples are taken from. */
export const WHOLE = 1_000_000

/** True where this session or slot, by its name, is in the sample. */
export function inSample({ from, size }: DataSample, name: string): boolean {
  const place = crc32(name) % WHOLE
  return (place - from + WHOLE) % WHOLE < size
}

/** Where the next sample begins, so that one after another covers everything. */
export function after({ from, size }: DataSample): number {
  return (from + size) % WHOLE
}
