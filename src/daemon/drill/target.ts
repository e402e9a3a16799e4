import { isLoopback } from '../../config/loopback.ts'
import { GatewayError } from '../../session/errors.ts'
import type { LoginTarget } from './protocol.ts'

const TIMEOUT_MS = 5_000

/**
 * Makes sure that copies log in at a simulator of ours and nowhere else: at WhatsApp a copy would
 * throw the real session out. The address must be of this machine, and who answers there must say
 * what it is. Returns what to trust. Throws `usage`.
 */
export async function simulatorAt(url: string): Promise<Exclude<LoginTarget, 'own'>> {
  const { root } = await ask<{ simulator?: unknown; url?: unknown; root?: unknown }>(url, '/').then(
    (answer) => {
      const ours = answer.simulator === 'wa-gateway' && answer.url === url
      if (!ours) throw refused(url, 'what answers there is not the simulator of wa-gateway')
      return answer
    },
  )
  if (typeof root !== 'string') throw refused(url, 'it names no certificate root')
  return { url, root }
}

/** The devices that are logged in there: copies of them would throw them out. By number and device. */
export async function onlineAt(url: string): Promise<Set<string>> {
  const devices = await ask<{ device: string; online: boolean }[]>(url, '/devices')
  return new Set(devices.flatMap(({ device, online }) => (online ? device : [])))
}

async function ask<T>(url: string, path: string): Promise<T> {
  const { protocol, hostname, host } = parse(url)
  if (protocol !== 'ws:' || !isLoopback(hostname))
    throw refused(url, 'only a web socket of this machine is taken (ws://127.0.0.1:…)')
  try {
    const answer = await fetch(`http://${host}${path}`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    })
    return (await answer.json()) as T
  } catch (cause) {
    throw refused(url, 'no simulator of wa-gateway answers there', cause)
  }
}

function parse(url: string): URL {
  try {
    return new URL(url)
  } catch (cause) {
    throw refused(url, 'it is no address', cause)
  }
}

function refused(url: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'usage',
    subject: url,
    message: `copies are not logged in at ${url}: ${why}; at WhatsApp a copy would throw the real session out`,
    hint: 'start one with `wa-gateway simulator`, or give --login without an address',
    cause,
  })
}
