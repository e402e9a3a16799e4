import { isIPv4 } from 'node:net'

/** True for a host that only this machine reaches; names other than `localhost` are not trusted. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'))
}
