import { lstat, mkdir, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { once } from 'node:events'
import { GatewayError } from '../session/errors.ts'

/** The kernel's limit for a socket's path in bytes, without the final NUL. */
const MAX_PATH = process.platform === 'linux' ? 107 : 103

/**
 * Makes `path` free for a new control socket: creates its directory (0750) and removes a socket
 * that nobody listens behind. Throws `state.locked` where a daemon answers.
 */
export async function clearSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH)
    throw new GatewayError({
      code: 'config.invalid',
      subject: path,
      message: `the control socket's path is longer than ${MAX_PATH} bytes: ${path}`,
      hint: 'set WA_GATEWAY_SOCKET to a shorter path',
    })
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 })
    const found = await lstat(path)
    if (!found.isSocket())
      throw new GatewayError({
        code: 'config.invalid',
        subject: path,
        message: `${path} exists and is not a socket`,
        hint: 'remove it, or set WA_GATEWAY_SOCKET to another path',
      })
    if (await isListening(path))
      throw new GatewayError({
        code: 'state.locked',
        subject: path,
        message: `another daemon already answers on ${path}`,
        hint: 'stop it first, or set WA_GATEWAY_SOCKET to another path',
      })
    await unlink(path)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const { code } = error as NodeJS.ErrnoException
    // No socket there, or its owner removed it meanwhile.
    if (code === 'ENOENT') return
    throw new GatewayError({
      code: code === 'EACCES' || code === 'EPERM' ? 'state.permission' : 'internal',
      subject: path,
      message: `the control socket ${path} could not be made`,
      hint: 'set WA_GATEWAY_SOCKET to a path in a directory that this user may write',
      cause: error,
    })
  }
}

async function isListening(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return false
    throw error
  } finally {
    socket.destroy()
  }
}

/** Listens with mode 0660: whoever may write to the socket may command the daemon. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  // Node binds within the call, so the umask is never other than usual while anything else runs.
  const usual = process.umask(0o117)
  try {
    server.listen(path)
  } finally {
    process.umask(usual)
  }
  await once(server, 'listening')
}

/** Listens on TCP; returns the address, with the port that was given where 0 was asked for. */
export async function listenOnTcp(server: Server, host: string, port: number): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new GatewayError({
      code: 'config.invalid',
      subject: `${host}:${port}`,
      message: `the HTTP API could not listen on ${host}:${port}`,
      hint: 'set WA_GATEWAY_HTTP to a free address, or unset it',
      cause: error,
    })
  }
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`
}
