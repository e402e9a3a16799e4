import type { Command } from 'commander'
import { GatewayError } from '../../src/session/errors.ts'

export interface TargetOptions {
  session?: string[]
  all?: boolean
}

export function addTargets(command: Command): Command {
  return command
    .option('--session <id...>', 'these sessions')
    .option('--all', 'every session of this worker')
}

/** Either some sessions or all, as the API wants them. */
export function targetsOf({ session, all }: TargetOptions): { sessions: string[] } | { all: true } {
  if (session !== undefined && all === undefined) return { sessions: session }
  if (session === undefined && all === true) return { all }
  throw new GatewayError({
    code: 'usage',
    message:
      session === undefined ? 'no session was named' : '--session and --all exclude each other',
    hint: 'give --session ID, more than once if need be, or --all',
  })
}
