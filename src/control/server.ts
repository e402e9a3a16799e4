import type { FastifyInstance } from 'fastify'
import type { ControlHandlers } from './handlers.ts'
import { clearSocketPath, listenOnSocket, listenOnTcp } from './listen.ts'
import { createRoutes, type RouteOptions } from './routes.ts'

export interface ControlServerOptions {
  handlers: ControlHandlers
  /** The daemon's version, sent with every reply. */
  version: string
  socketPath: string
  /** The same API on TCP, for bearers of the token. */
  http?: { host: string; port: number; token: string }
  /** Told of every failure that is not the caller's, for the log. */
  onFailure?: RouteOptions['onFailure']
  /** How often an idle stream says that it is alive; clients wait several times as long. */
  heartbeatMs?: number
}

export interface ControlServer {
  readonly socketPath: string
  /** `http://host:port` of the TCP API, when there is one. */
  readonly httpUrl: string | undefined
  /** Ends the streams, cuts what still runs, removes the socket. */
  close(): Promise<void>
}

const HEARTBEAT_MS = 5_000
/** How long callers get to read the last lines of their streams. */
const LAST_LINES_MS = 500

export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { handlers, version, socketPath, http, onFailure = () => {} } = options
  const { heartbeatMs = HEARTBEAT_MS } = options
  const closing = new AbortController()
  const shared = { handlers, version, closing: closing.signal, onFailure, heartbeatMs }
  const apps: FastifyInstance[] = []
  const close = async () => {
    closing.abort()
    await Promise.all(apps.map(closeApp))
  }
  try {
    const local = createRoutes({ ...shared, via: 'socket' })
    await local.ready()
    await clearSocketPath(socketPath)
    await listenOnSocket(local.server, socketPath)
    apps.push(local)
    let httpUrl: string | undefined
    if (http) {
      const remote = createRoutes({ ...shared, via: 'tcp', token: http.token })
      await remote.ready()
      httpUrl = await listenOnTcp(remote.server, http.host, http.port)
      apps.push(remote)
    }
    return { socketPath, httpUrl, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function closeApp(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), LAST_LINES_MS)
  app.server.closeIdleConnections()
  await new Promise((closed) => app.server.close(closed))
  clearTimeout(cut)
  await app.close()
}
