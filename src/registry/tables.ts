import type { SessionRecord } from './port.ts'

/** The tables as Kysely sees them: CamelCasePlugin turns `last_state` into `lastState`. */
export interface Tables {
  sessions: SessionRecord
}
