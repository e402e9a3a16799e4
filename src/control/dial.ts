import { lstatSync } from 'node:fs'
import { GatewayError } from '../session/errors.ts'

/** Where the daemon is: a socket's path or an URL. */
export type Target = { socketPath: string } | { url: string; token?: string }

const targetName = (target: Target) => ('socketPath' in target ? target.socketPath : target.url)

const START =
  'start it with `wa-gateway daemon`, or `systemctl start wa-gateway` where it is a service'

/** Why no answer came, with what to type next. `error` is what exchange.ts threw. */
export function dialError(error: unknown, target: Target): GatewayError {
  const where = targetName(target)
  const make = (code: 'daemon.unreachable' | 'daemon.permission', message: string, hint: string) =>
    new GatewayError({ code, subject: where, message, hint, cause: error })
  switch (codeOf(error)) {
    case 'ENOENT':
      return make(
        'daemon.unreachable',
        `no daemon is running: there is no socket at ${where}`,
        `${START}; if one runs, name its socket with --socket or WA_GATEWAY_SOCKET`,
      )
    case 'ECONNREFUSED':
      if (!('socketPath' in target))
        return make('daemon.unreachable', `nobody listens on ${where}`, START)
      return isSocket(where)
        ? make(
            'daemon.unreachable',
            `no daemon is running: nobody listens behind the socket ${where}`,
            `${START}; it replaces the stale socket`,
          )
        : make('daemon.unreachable', `${where} is no socket`, NAME_IT)
    case 'ENOTDIR':
    case 'EINVAL':
    case 'ENAMETOOLONG':
      return make('daemon.unreachable', `${where} cannot be a socket`, NAME_IT)
    case 'EACCES':
    case 'EPERM':
      return make(
        'daemon.permission',
        `this user may not use the socket ${where}`,
        `run it as the daemon's user (\`sudo -u USER wa-gateway …\`), or join the group that \`ls -l ${where}\` shows`,
      )
    case 'ETIMEDOUT':
    // As many wait to be let in as may.
    case 'EAGAIN':
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
    hint: 'it hangs or was stopped: see its log (`journalctl -u wa-gateway`), then restart it (`systemctl restart wa-gateway`); sessions are kept',
    cause,
  })

const NAME_IT = 'name the socket of the daemon with --socket or WA_GATEWAY_SOCKET'

/** A file that is no socket refuses connections as a socket without a listener does. */
function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? true
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, cause } = error as NodeJS.ErrnoException
  return code ?? codeOf(cause)
}
