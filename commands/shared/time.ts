import { InvalidArgumentError } from 'commander'

/** What `--at` takes: a time that `Date` reads. */
export function time(text: string): Date {
  const at = new Date(text)
  if (!Number.isNaN(at.getTime())) return at
  throw new InvalidArgumentError('write a time as 2026-01-31T08:00:00Z')
}
