import { InvalidArgumentError } from 'commander'

/** `5%` or `0.5%`, as a number of hundredths. */
export function percent(text: string): number {
  const value = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) : 0
  if (value > 0 && value <= 100) return value
  throw new InvalidArgumentError('give a part such as 5%.')
}
