import { initAuthCreds, type ConnectionState, type WAMessage } from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { AuthHandle } from '../../../src/authstate/port.ts'
import { MEMO_TYPE } from '../../../src/session/own-type.ts'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { trustCertificateRoot } from '../../../src/whatsapp/hooks/certificate-root.ts'
import { quietConsole } from '../../../src/whatsapp/hooks/quiet-console.ts'
import { installHooks } from '../../../src/whatsapp/hooks/self-test.ts'
import { readMessage } from '../../../src/whatsapp/messages.ts'
import { SessionSocket } from '../../../src/whatsapp/socket.ts'
import { openTestStore } from '../../support/authstate.ts'
import { eventually } from '../../support/gateway.ts'

const PHONE = '15550001'
const FRIEND = '44770001'

interface HeldHandle extends AuthHandle {
  hold(): void
  release(): void
}

/** A handle whose changes may be acknowledged only when the test says so. */
function holdable(handle: AuthHandle): HeldHandle {
  const listeners = new Set<(ackSeq: number) => void>()
  let limit = Infinity
  const acknowledged = () => Math.min(limit, handle.ackSeq)
  const tell = () => {
    for (const listener of listeners) listener(acknowledged())
  }
  handle.onAck(tell)
  const own = {
    onAck: (listener: (ackSeq: number) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    hold: () => {
      limit = handle.durableSeq
    },
    release: () => {
      limit = Infinity
      tell()
    },
  }
  return new Proxy(handle, {
    get: (_, name) => {
      if (name === 'ackSeq') return acknowledged()
      if (name in own) return Reflect.get(own, name) as unknown
      const value = Reflect.get(handle, name, handle) as unknown
      return typeof value === 'function' ? (value.bind(handle) as unknown) : value
    },
  }) as HeldHandle
}

class Line {
  readonly socket: SessionSocket
  readonly handle: HeldHandle
  readonly texts: string[] = []
  readonly updates: Partial<ConnectionState>[] = []

  constructor(handle: HeldHandle, url: string, onMessage: (message: WAMessage) => void) {
    this.handle = handle
    this.socket = new SessionSocket(
      handle,
      { url, connectTimeoutMs: 20_000 },
      {
        update: (update) => this.updates.push(update),
        message: (message) => {
          const text = readMessage(message)?.text
          if (text === undefined) return
          this.texts.push(text)
          onMessage(message)
        },
        stalled: () => undefined,
        saveFailed: (error) => {
          throw error
        },
      },
      pino({ level: 'silent' }),
    )
  }

  async until(connection: 'open' | 'close'): Promise<this> {
    await eventually(connection, () =>
      this.updates.some((update) => update.connection === connection) ? true : undefined,
    )
    return this
  }
}

/** A paired device that is online. */
async function openLine(onMessage: (message: WAMessage) => void = () => undefined) {
  const simulator = await Simulator.start()
  onTestFinished(() => simulator.stop())
  trustCertificateRoot(simulator.rootHex, simulator.url)
  const store = await openTestStore()
  await store.create('alpha', initAuthCreds())
  const handle = holdable(await store.open('alpha'))
  const first = new Line(handle, simulator.url, onMessage)
  const qr = await eventually('a QR code', () => first.updates.find((u) => u.qr !== undefined)?.qr)
  await simulator.phone(PHONE).scan(qr)
  await first.until('close')
  const connect = () => new Line(handle, simulator.url, onMessage).until('open')
  const line = await connect()
  onTestFinished(async () => {
    handle.release()
    await line.socket.end()
  })
  const friend = simulator.contact(FRIEND)
  const inbound = () => simulator.report().inbound
  const outbound = () => simulator.report().outbound
  /** Until the server has nothing more to hear of. */
  const settled = () =>
    eventually('empty mailboxes', () => (inbound().waiting === 0 ? true : undefined))
  await friend.send(PHONE, 'warm-up')
  await eventually('both tellings', () => (line.texts.length === 2 ? true : undefined))
  await settled()
  line.texts.length = 0
  return { line, connect, handle, friend, simulator, inbound, outbound, settled }
}

/** Resolves when what was sent has changed the local state, durably. */
async function decrypted(handle: AuthHandle, send: () => Promise<unknown>): Promise<void> {
  const { seq } = handle
  await send()
  await eventually('the ratchet step', () => (handle.durableSeq > seq ? true : undefined))
}

beforeAll(async () => {
  const giveBack = quietConsole()
  await installHooks()
  return giveBack
})

test('a message is heard when its step may be acknowledged, and before its receipt leaves', async () => {
  const acknowledgedWhenHeard: number[] = []
  let inbound = () => ({ acknowledged: -1 })
  const open = await openLine(() => acknowledgedWhenHeard.push(inbound().acknowledged))
  inbound = open.inbound
  const { line, handle, friend, settled } = open
  const before = inbound().acknowledged
  acknowledgedWhenHeard.length = 0
  handle.hold()
  // The second is decrypted although the first waits.
  for (const text of ['one', 'two']) await decrypted(handle, () => friend.send(PHONE, text))
  expect(inbound().acknowledged).toBe(before)
  expect(line.texts).toEqual([])
  handle.release()
  await settled()
  expect([...new Set(line.texts)]).toEqual(['one', 'two'])
  expect(acknowledgedWhenHeard[0]).toBe(before)
})

test('a text is `sent` when the server has it; one that was still held at the end never left', async () => {
  const { line, handle, friend, outbound } = await openLine()
  expect(await line.socket.sendText(friend.jid, 'one')).toMatchObject({ status: 'sent' })
  const before = outbound().received
  handle.hold()
  const sending = line.socket.sendText(friend.jid, 'two')
  const outcome = sending.catch((error: unknown) => error)
  // Its ratchet step is stored, and the frame waits.
  await eventually('the ratchet step', () =>
    handle.durableSeq > handle.ackSeq && handle.durableSeq === handle.seq ? true : undefined,
  )
  expect(outbound().received).toBe(before)
  await line.socket.end()
  expect(await outcome).toMatchObject({ code: 'session.not-online' })
  handle.release()
  expect(outbound().received).toBe(before)
})

test('a graceful end waits for frames that are held', async () => {
  const { line, handle, friend, inbound } = await openLine()
  handle.hold()
  await decrypted(handle, () => friend.send(PHONE, 'hello'))
  expect(inbound().waiting).toBe(1)
  const ended = line.socket.endGracefully(30_000)
  await line.handle.whenDurable()
  expect(line.updates.some(({ connection }) => connection === 'close')).toBe(false)
  handle.release()
  await ended
  expect(inbound()).toMatchObject({ waiting: 0, lost: 0, refused: 0 })
})

test('a message that comes again on the next connection is answered, and acknowledged', async () => {
  const { line, connect, handle, friend, simulator, settled } = await openLine()
  handle.hold()
  await decrypted(handle, () => friend.send(PHONE, 'hello'))
  await line.socket.end()
  expect(line.texts).toEqual([])
  handle.release()
  const next = await connect()
  onTestFinished(() => next.socket.end())
  await settled()
  expect(next.texts).toContain('hello')
  expect(simulator.report().details.troubledInbound).toEqual([])
  await friend.send(PHONE, 'next')
  await settled()
  await friend.send(PHONE, 'last')
  await settled()
  const slots = Array.from({ length: 16 }, (_, n) => String(n))
  const kept = await handle.state.keys.get(MEMO_TYPE as never, slots)
  // Those whose receipt arrived went with the newest message.
  expect(Object.keys(kept)).toHaveLength(1)
})

test('nothing is read while the socket is paused', async () => {
  const { line, friend, simulator, inbound, settled } = await openLine()
  line.socket.pause('backlog')
  await friend.send(PHONE, 'hello')
  // Later round trips to the same server, on connections of their own.
  for (let n = 0; n < 20; n++) await (await fetch(simulator.controlUrl)).text()
  expect(line.texts).toEqual([])
  expect(inbound().waiting).toBe(1)
  line.socket.resume('backlog')
  await settled()
  expect(line.texts).toContain('hello')
})
