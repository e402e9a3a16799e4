import type { Entry } from '../authstate/port.ts'

/** One session as another program keeps it. Reading it changes nothing there. */
export interface SourceSession {
  /** The name that it has there. */
  id: string
  /** Where it lies, for people. */
  place: string
  read(signal: AbortSignal): Promise<Found>
}

/** What was read of a session. */
export type Found =
  | {
      kind: 'state'
      /** The session's name, where it stands in what was read. */
      session?: string
      entries: Entry[]
      /** Values that cannot be read, each as `<file> is cut off`. */
      damaged: string[]
      /** Files that were left out, and why. */
      notes: string[]
    }
  /** Somebody wrote to it while it was read. */
  | { kind: 'changed'; what: string }
  /** There is no state that could be moved: `what` is missing or unreadable. */
  | { kind: 'unusable'; what: string }

/** Where sessions come from. They are found one after another, and read by whoever takes them. */
export interface Source {
  /** For people. */
  label: string
  sessions(signal: AbortSignal): AsyncIterable<SourceSession>
}
