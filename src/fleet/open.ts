import type { FleetDirectory } from './port.ts'

/**
 * The directory at a URL of PostgreSQL, with its parameters as node-postgres has them. Nothing is
 * asked yet, and the driver is loaded with the first connection: who has no fleet does without it.
 */
export function openFleetDirectory(url: string): FleetDirectory {
  const label = labelOf(url)
  return {
    label,
    async connect(purpose, signal) {
      const { connectPostgres } = await import('./postgres.ts')
      return connectPostgres({ url, label, purpose, signal })
    },
  }
}

/** `host:port/database`, without user and password; a socket's directory where there is no host. */
function labelOf(url: string): string {
  // A URL with a user and no host is a local socket to PostgreSQL, but no URL.
  const parsed = URL.parse(url) ?? URL.parse(url.replace('@/', '@socket/'))
  if (parsed === null) return 'postgresql'
  const { hostname, port, pathname, searchParams } = parsed
  const host = searchParams.get('host') ?? (hostname === '' ? 'localhost' : hostname)
  return `${host}:${port || searchParams.get('port') || '5432'}${pathname}`
}
