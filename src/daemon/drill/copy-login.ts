import { randomInt, randomUUID } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { decodeValue } from '../../authstate/codec.ts'
import type { AuthHandle, Entry } from '../../authstate/port.ts'
import { toGatewayError } from '../../session/errors.ts'
import type { Device } from '../../simulator/device.ts'
import { Simulator } from '../../simulator/simulator.ts'
import { trustCertificateRoot } from '../../whatsapp/hooks/certificate-root.ts'
import { installHooks } from '../../whatsapp/hooks/self-test.ts'
import { readMessage } from '../../whatsapp/messages.ts'
import { SessionSocket } from '../../whatsapp/socket.ts'
import type { CopyResult, ThreadOptions } from './protocol.ts'

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

  /**
   * Logs a copy in and tells how long it took, or why it never got online. At a simulator of its own
   * it then reads a message of a stranger and answers: another one may have the real device's mail.
   */
  async attempt(handle: AuthHandle, entries: readonly Entry[]): Promise<LoggedIn> {
    const own = this.#own
    const device = own && introduce(own, handle, entries)
    const { promise: opened, resolve, reject } = Promise.withResolvers<void>()
    // The copy may fail before anybody waits for it.
    opened.catch(() => undefined)
    const heard = new EventEmitter()
    const socket = new SessionSocket(
      handle,
      { url: this.#url, connectTimeoutMs: this.#timeoutMs },
      {
        update: ({ connection, lastDisconnect }) => {
          if (connection === 'open') resolve()
          const why = lastDisconnect?.error?.message ?? 'the connection was closed'
          if (connection === 'close') reject(new Error(why))
        },
        message: (message) => heard.emit('text', readMessage(message)?.text),
        stalled: () => undefined,
        saveFailed: reject,
      },
      pino({ level: 'silent' }),
    )
    try {
      const began = performance.now()
      const failed = await this.#within('it was not online', opened)
      if (failed !== undefined) return { loginError: failed }
      const loginMs = performance.now() - began
      const exchanged = own && device && (await this.#exchange(own, device, socket, heard))
      await socket.endGracefully(DRAIN_MS)
      return { loginMs, ...exchanged }
    } finally {
      await socket.end()
    }
  }

  /** A message of somebody whom the copy does not know, and an answer. */
  async #exchange(
    own: Simulator,
    device: Device,
    socket: SessionSocket,
    heard: EventEmitter,
  ): Promise<Pick<LoggedIn, 'exchangeMs' | 'exchangeError'>> {
    const began = performance.now()
    // No country has this code.
    const stranger = own.contact(`999${randomInt(1e9, 1e10)}`)
    const question = `drill ${randomUUID()}`
    const read = textHeard(heard, question)
    const unread = await this.#within('it did not read a message that was sent to it', async () => {
      await stranger.send(device, question)
      await read
    })
    if (unread !== undefined) return { exchangeError: unread }
    const answer = `drill ${randomUUID()}`
    const unsent = await this.#within('a message that it sent did not arrive', async () => {
      await socket.sendText(stranger.jid, answer)
      await stranger.waitFor(answer, { timeoutMs: this.#timeoutMs })
    })
    if (unsent !== undefined) return { exchangeError: unsent }
    return { exchangeMs: performance.now() - began }
  }

  /** Why the work failed, or that it took too long. */
  async #within(
    late: string,
    work: Promise<unknown> | (() => Promise<unknown>),
  ): Promise<string | undefined> {
    const limit = new AbortController()
    const { signal } = limit
    const over = sleep(this.#timeoutMs, 'late' as const, { signal })
    try {
      const ended = await Promise.race([typeof work === 'function' ? work() : work, over])
      return ended === 'late' ? `${late} within ${this.#timeoutMs / 1_000} s` : undefined
    } catch (error) {
      return toGatewayError(error).message
    } finally {
      limit.abort()
      await Promise.allSettled([over])
    }
  }
}

type LoggedIn = Pick<CopyResult, 'loginMs' | 'loginError' | 'exchangeMs' | 'exchangeError'>

function textHeard(heard: EventEmitter, wanted: string): Promise<void> {
  return new Promise((resolve) => {
    heard.on('text', (text: string | undefined) => {
      if (text === wanted) resolve()
    })
  })
}

/**
 * Tells the simulator of the device, by what the copy itself holds: it then lets in whoever proves to
 * have the private keys, as WhatsApp does.
 */
function introduce(simulator: Simulator, handle: AuthHandle, entries: readonly Entry[]): Device {
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
  return simulator
    .phone(user)
    .adopt(keys, preKeys, device === undefined ? undefined : Number(device))
}
