/** `skip`: there was nothing to look at. */
export type Verdict = 'pass' | 'warn' | 'fail' | 'skip'

export interface Finding {
  verdict: Verdict
  /** What was found, in words. */
  found: string
  /** What to do or type; with `warn` and `fail`. */
  fix?: string
}

export const pass = (found: string): Finding => ({ verdict: 'pass', found })
export const skip = (found: string): Finding => ({ verdict: 'skip', found })
export const warn = (found: string, fix: string): Finding => ({ verdict: 'warn', found, fix })
export const fail = (found: string, fix: string): Finding => ({ verdict: 'fail', found, fix })
