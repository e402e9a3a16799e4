/** What CAUSES tells to do next, with this session's id in its commands. */
export function nextFor(next: string, sessionId: string): string {
  return next.replaceAll(/\bID\b/g, sessionId)
}
