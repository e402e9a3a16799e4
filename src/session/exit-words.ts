import { CODES, type ErrorCode, type EXIT } from './errors.ts'

/** What each exit status says, and what a person or a script does about it. */
export const EXIT_WORDS: Record<keyof typeof EXIT, { means: string; todo: string }> = {
  ok: { means: 'done', todo: 'nothing' },
  failed: { means: 'failed', todo: 'read the error; `wa-gateway doctor` looks for the reason' },
  usage: { means: 'wrong usage', todo: 'see the `--help` of the command' },
  partial: {
    means: 'some sessions failed, they are named',
    todo: 'see `wa-gateway status --why SESSION` for each of them',
  },
  permission: {
    means: 'not permitted',
    todo: "run it as the daemon's user or in its group; for the store, the backend or the fleet directory, mend the credentials",
  },
  notFound: {
    means: 'no such session or backup',
    todo: 'see `wa-gateway session list` and `wa-gateway backup list`',
  },
  unreachable: {
    means: 'the daemon, the folder of the object store or the fleet directory cannot be reached',
    todo: 'the error says whether the daemon does not run, hangs, or has another socket; or what to mount',
  },
  timedOut: {
    means: 'timed out, the operation goes on',
    todo: 'run the same command again to join it, or see `wa-gateway status`',
  },
  busy: {
    means: 'busy, or locked by another process',
    todo: 'wait for what runs, or stop the other worker that has the session',
  },
  personNeeded: {
    means: 'a person is needed: pair again',
    todo: 'run `wa-gateway session pair SESSION` with its phone at hand',
  },
  integrity: {
    means: 'stored state is damaged',
    todo: 'see `wa-gateway backup verify --session SESSION`, then go back to a sound backup',
  },
  stale: {
    means: 'refused: would go back to older state',
    todo: 'use the newer state; what going back costs is in the error',
  },
  configuration: {
    means: 'configuration',
    todo: 'see `wa-gateway config validate` and `wa-gateway doctor`',
  },
  interrupted: { means: 'interrupted', todo: 'what the daemon had begun goes on' },
}

/** The error codes that end with a status. */
export function codesOf(status: number): ErrorCode[] {
  return (Object.keys(CODES) as ErrorCode[]).filter((code) => CODES[code].exit === status)
}
