import { once } from 'node:events'
import { connect as connectPlain } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { BackendClient } from '../backend/client.ts'
import { isForgotten } from '../backend/error.ts'
import type { Config } from '../config/config.ts'
import { check, type Check, type DoctorContext } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

const PATIENCE_MS = 8_000

export interface ClockFacts {
  /** How far the others' clocks are ahead of this host's, in milliseconds. */
  ahead: { whose: string; ms: number }[]
}

export const clock: Check = check<ClockFacts>({
  id: 'clock',
  title: 'Clock',
  async gather({ config, signal }) {
    const asked = peers(config).map(async ({ whose, url }) => {
      const ms = await aheadOf(url, signal)
      return ms === undefined ? [] : [{ whose, ms }]
    })
    return { ahead: (await Promise.all(asked)).flat() }
  },
  judge: judgeClock,
})

function peers({ storage, backend }: Config): { whose: string; url: string }[] {
  const found: { whose: string; url: string }[] = []
  if (storage.kind === 's3') {
    const { useSsl, endpoint, port } = storage
    const host = endpoint.includes(':') ? `[${endpoint}]` : endpoint
    found.push({ whose: 'the store', url: `${useSsl ? 'https' : 'http'}://${host}:${port}/` })
  }
  if (backend.kind === 'http') found.push({ whose: 'the backend', url: backend.url })
  return found
}

/** By the Date header, to the second; undefined where none comes. Other checks say why. */
async function aheadOf(url: string, signal: AbortSignal): Promise<number | undefined> {
  const began = Date.now()
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
    const { headers } = await fetch(url, { method: 'HEAD', signal: limit, redirect: 'manual' })
    const date = Date.parse(headers.get('date') ?? '')
    // The header has whole seconds: its time is half a second later on average.
    return Number.isNaN(date) ? undefined : date + 500 - (began + Date.now()) / 2
  } catch (error) {
    if (signal.aborted) throw error
    // fetch fails with a TypeError, or the time limit's reason.
    if (error instanceof TypeError || error instanceof DOMException) return undefined
    throw error
  }
}

/** S3 refuses requests that are a quarter of an hour off. */
const REFUSED_MS = 900_000
const ODD_MS = 5_000

export function judgeClock({ ahead }: ClockFacts): Finding {
  const worst = ahead.toSorted((a, b) => Math.abs(b.ms) - Math.abs(a.ms))[0]
  if (worst === undefined) return skip('nobody to compare with answers')
  const off = Math.abs(worst.ms)
  const found = `${worst.whose} is ${(off / 1_000).toFixed(1)} s ${worst.ms > 0 ? 'ahead of' : 'behind'} this host`
  const fix = 'synchronise the clocks of both hosts (`timedatectl set-ntp true`)'
  if (off > REFUSED_MS / 2)
    return fail(`${found}; S3 refuses requests that are 15 minutes off`, fix)
  return off > ODD_MS
    ? warn(found, fix)
    : pass(`within ${Math.ceil(off / 1_000)} s of ${worst.whose}`)
}

export const backend: Check = check<{ assigned: number | undefined } | undefined>({
  id: 'backend',
  title: 'Backend',
  async gather({ config, version }: DoctorContext & { config: Config }) {
    if (config.backend.kind === 'standalone') return undefined
    const { url, token, endpoint } = config.backend
    const { id: workerId, maxSessions } = config.worker
    const { environment } = config
    const client = new BackendClient({
      url,
      token: token.reveal(),
      worker: { workerId, endpoint, maxSessions, description: '', version, environment },
      registration: false,
      timeout: PATIENCE_MS / 2,
    })
    try {
      return { assigned: (await client.getAssignedSessions()).length }
    } catch (error) {
      if (isForgotten(error)) return { assigned: undefined }
      throw error
    } finally {
      await client.close()
    }
  },
  judge(facts) {
    if (facts === undefined) return skip('standalone')
    return facts.assigned === undefined
      ? pass('takes the token; this worker is not registered at the moment')
      : pass(`takes the token, and assigns ${facts.assigned} sessions to this worker`)
  },
})

export interface ReachFacts {
  host: string
  /** Milliseconds until the connection stood. */
  took: number | undefined
  why: string
}

export const whatsapp: Check = check<ReachFacts>({
  id: 'whatsapp',
  title: 'WhatsApp',
  async gather({ config, signal }) {
    const url = new URL(config.whatsapp.url)
    const secure = url.protocol === 'wss:'
    const port = Number(url.port) || (secure ? 443 : 80)
    const host = `${url.hostname}:${port}`
    const began = performance.now()
    const bare = url.hostname.replaceAll(/^\[|\]$/g, '')
    const socket = secure
      ? connectTls({ host: bare, port, servername: bare })
      : connectPlain({ host: bare, port })
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
      await once(socket, secure ? 'secureConnect' : 'connect', { signal: limit })
      return { host, took: performance.now() - began, why: '' }
    } catch (error) {
      if (signal.aborted) throw error
      const { code, message } = error as NodeJS.ErrnoException
      return { host, took: undefined, why: code ?? message }
    } finally {
      socket.destroy()
    }
  },
  judge: judgeReach,
})

export function judgeReach({ host, took, why }: ReachFacts): Finding {
  if (took !== undefined) return pass(`${host} accepts connections, ${Math.round(took)} ms`)
  const reason = why === 'ABORT_ERR' ? `no answer within ${PATIENCE_MS / 1_000} s` : why
  return fail(
    `${host} cannot be reached: ${reason}`,
    'allow outgoing HTTPS to it in the firewall, and check DNS (`getent hosts web.whatsapp.com`)',
  )
}
