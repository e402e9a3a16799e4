import type { MethodSpec } from './method-spec.ts'
import type { Shape } from './shape.ts'

/** What a client needs of a MethodSpec: how to ask, and what comes back. No more is loaded for it. */
export interface WireMethod extends Pick<MethodSpec, 'verb' | 'path' | 'endless'> {
  /** A POST that has a body. */
  body?: true
  /** Of the answer, or of each event. */
  answer: Shape
}
