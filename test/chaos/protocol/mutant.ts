/** A rule of the protocol broken on purpose: `text` in `file` becomes `by`. */
export interface Mutant {
  /** Which of the rules in docs/ARCHITECTURE.md. */
  rule: number
  breaks: string
  changes: { file: string; text: string; by: string }[]
}
