import type { Examined } from '../../src/doctor/doctor.ts'
import { harmless, pad } from '../../src/words/text.ts'

const TITLE = 17

/** A line a check, and what to do below it. */
export function renderExamined({ verdict, title, found, fix }: Examined): string {
  const first = `${verdict}  ${pad(title, TITLE)}  ${harmless(found)}\n`
  return fix === undefined ? first : `${first}      try: ${harmless(fix)}\n`
}

export function renderCounts(counts: Record<Examined['verdict'], number>): string {
  const { pass, warn, fail, skip } = counts
  return `${pass} passed, ${warn} warned, ${fail} failed, ${skip} skipped\n`
}
