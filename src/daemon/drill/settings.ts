export interface DrillSettings {
  stateDir: string
  /** Restores and logins at the same time in a recovery, and logins a second. */
  restores: number
  logins: number
  loginRate: number
  /** Milliseconds that a copy's login may take. */
  timeoutMs: number
}
