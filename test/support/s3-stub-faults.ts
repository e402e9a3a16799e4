export type RequestKind = 'get' | 'put' | 'delete' | 'head' | 'list' | 'bucket'

/**
 * - `status`: this answer, and nothing done. 5xx come with an S3 error document.
 * - `hang`: silence; with `apply` after doing it.
 * - `reset`: the connection is cut; with `apply` after doing it, so that the answer is lost.
 * - `truncate`: half of the body, then the connection is cut. Needs an answer with a body.
 * - `stall`: half of the body, then silence.
 * - `slow`: the right answer after so many milliseconds.
 */
export type Fault =
  | { kind: 'status'; status: number; code?: string }
  | { kind: 'hang'; apply?: boolean }
  | { kind: 'reset'; apply?: boolean }
  | { kind: 'truncate' }
  | { kind: 'stall' }
  | { kind: 'slow'; ms: number }

export interface FaultRule {
  /** Any where left out. */
  on?: RequestKind
  /** Object name, or the prefix of a list. Any where left out. */
  name?: string | RegExp
  /** How many requests it hits; until cleared where left out. */
  times?: number
  fault: Fault
}

/** The rules in force; the oldest that matches hits. */
export class Faults {
  #rules: { rule: FaultRule; left: number }[] = []

  /** Returns what takes the rule back. */
  inject(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? Infinity }
    this.#rules.push(entry)
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry)
    }
  }

  clear(): void {
    this.#rules = []
  }

  take(kind: RequestKind, name: string): Fault | undefined {
    const entry = this.#rules.find(
      ({ rule, left }) =>
        left > 0 && (rule.on === undefined || rule.on === kind) && nameMatches(rule.name, name),
    )
    if (entry === undefined) return undefined
    entry.left -= 1
    return entry.rule.fault
  }
}

export function nameMatches(pattern: string | RegExp | undefined, name: string): boolean {
  if (pattern === undefined) return true
  return typeof pattern === 'string' ? pattern === name : pattern.test(name)
}
