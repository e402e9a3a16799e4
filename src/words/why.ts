import { cause } from '../session/cause.ts'
import type { SessionView } from '../session/state.ts'

/** The cause in words, with what was seen where that says more. */
export function why(view: Pick<SessionView, 'cause' | 'detail'>): string | undefined {
  const words = view.cause && cause(view.cause).words
  if (words === undefined || view.detail === undefined) return words ?? view.detail
  return view.detail.includes(words) ? view.detail : `${words}: ${view.detail}`
}
