import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { decodeValue } from '../../authstate/codec.ts'
import type { AuthHandle, Entry } from '../../authstate/port.ts'
import { toGatewayError } from '../../session/errors.ts'
import { Simulator } from '../../simulator/simulator.ts'
import { trustCertificateRoot } from '../../whatsapp/hooks/certificate-root.ts'
import { installHooks } from '../../whatsapp/hooks/self-test.ts'
import { SessionSocket } from '../../whatsapp/socket.ts'
import type { ThreadOptions } from './protocol.ts'

/** How long a copy gets to finish what it sends, before it is put down. */
const DRAIN_MS = 1_000

/** Logs copies in at a simulator. */
export class CopyLogin {
  readonly #own: Simulator | undefined
  readonly #url: string
  readonly #timeoutMs: number

  private constructor(own: Simulator | undefined, url: string, timeoutMs: number) {
    this.#own = own
    this.#url = url
    this.#timeoutMs = timeoutMs
  }

  static async start({ login, timeoutMs }: ThreadOptions): Promise<CopyLogin | undefined> {
    if (login === undefined) return undefined
    const own = login === 'own' ? await Simulator.start() : undefined
    const target = login === 'own' ? { url: own?.url ?? '', root: own?.rootHex ?? '' } : login
    trustCertificateRoot(target.root, target.url)
    await installHooks()
    return new CopyLogin(own, target.url, timeoutMs)
  }

  async stop(): Promise<void> {
    await this.#own?.stop()
  }

  /** Resolves with how long it took until the copy was online, or why it never was. */
  async attempt(
    handle: AuthHandle,
    entries: readonly Entry[],
  ): Promise<{ loginMs: number } | { loginError: string }> {
    try {
      if (this.#own !== undefined) introduce(this.#own, handle, entries)
      const began = performance.now()
      await this.#connect(handle)
      return { loginMs: performance.now() - began }
    } catch (error) {
      return { loginError: toGatewayError(error).message }
    }
  }

  async #connect(handle: AuthHandle): Promise<void> {
    const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
    const socket = new SessionSocket(
      handle,
      { url: this.#url, connectTimeoutMs: this.#timeoutMs },
      {
        update: ({ connection, lastDisconnect }) => {
          if (connection === 'open') resolve()
          const why = lastDisconnect?.error?.message ?? 'the connection was closed'
          if (connection === 'close') reject(new Error(why))
        },
        message: () => undefined,
        stalled: () => undefined,
        saveFailed: reject,
      },
      pino({ level: 'silent' }),
    )
    const limit = new AbortController()
    const late = sleep(this.#timeoutMs, undefined, { signal: limit.signal })
    try {
      await Promise.race([
        opened,
        late.then(() => {
          throw new Error(`not online within ${this.#timeoutMs / 1_000} s`)
        }),
      ])
      await socket.endGracefully(DRAIN_MS)
    } finally {
      limit.abort()
      await socket.end()
    }
  }
}

/**
 * Tells the simulator of the device, by what the copy itself holds: it then lets in whoever proves to
 * have the private keys, as WhatsApp does.
 */
function introduce(simulator: Simulator, handle: AuthHandle, entries: readonly Entry[]): void {
  const { creds } = handle.state
  const [user = '', device] = (creds.me?.id ?? '').replace(/@.*$/, '').split(':')
  const preKeys = new Map<number, string>()
  for (const { type, id, value } of entries)
    if (type === 'pre-key') {
      const pair = decodeValue(value) as { public?: Uint8Array } | null
      if (pair?.public !== undefined)
        preKeys.set(Number(id), Buffer.from(pair.public).toString('latin1'))
    }
  const { keyId, keyPair, signature } = creds.signedPreKey
  const keys = {
    noise: Buffer.from(creds.noiseKey.public),
    identity: Buffer.from(creds.signedIdentityKey.public),
    registrationId: creds.registrationId,
    signedPreKey: {
      keyId,
      publicKey: Buffer.from(keyPair.public),
      signature: Buffer.from(signature),
    },
  }
  simulator.phone(user).adopt(keys, preKeys, device === undefined ? undefined : Number(device))
}
