import { GatewayError } from '../session/errors.ts'

/** Where the daemon is: a socket's path or an URL. */
export type Target = { socketPath: string } | { url: string; token?: string }

const targetName = (target: Target) => ('socketPath' in target ? target.socketPath : target.url)

const START = 'start it with `wa-gateway daemon`'

/** Why no answer came, with what to type next. `error` is what undici or the socket threw. */
export function dialError(error: unknown, target: Target): GatewayError {
  const where = targetName(target)
  const make = (code: 'daemon.unreachable' | 'daemon.permission', message: string, hint: string) =>
    new GatewayError({ code, subject: where, message, hint, cause: error })
  switch (codeOf(error)) {
    case 'ENOENT':
      return make(
        'daemon.unreachable',
        `no daemon is running: there is no socket at ${where}`,
        `${START}, or name its socket with --socket or WA_GATEWAY_SOCKET`,
      )
    case 'ECONNREFUSED':
      return make(
        'daemon.unreachable',
        'socketPath' in target
          ? `no daemon is running: nobody listens behind the socket ${where}`
          : `nobody listens on ${where}`,
        'socketPath' in target ? `${START}, which replaces the stale socket` : START,
      )
    case 'EACCES':
    case 'EPERM':
      return make(
        'daemon.permission',
        `this user may not use the socket ${where}`,
        `run it as the daemon's user, or join its group: \`ls -l ${where}\``,
      )
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return hung(target, error)
    default:
      return make(
        'daemon.unreachable',
        `the daemon at ${where} broke off`,
        'see its log; run `wa-gateway status`',
      )
  }
}

export const hung = (target: Target, cause?: unknown) =>
  new GatewayError({
    code: 'daemon.unreachable',
    subject: targetName(target),
    message: `the daemon at ${targetName(target)} does not answer`,
    hint: 'see its log; restart it if it hangs',
    cause,
  })

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, cause } = error as NodeJS.ErrnoException
  return code ?? codeOf(cause)
}
