import { DEFAULT_CONNECTION_CONFIG } from '@whiskeysockets/baileys'
import { WebSocketClient } from '@whiskeysockets/baileys/lib/Socket/Client/websocket.js'
import { innerSocket, SendGate, type GatedSocket } from './gate.ts'

/** A frame of Baileys' own client stays until its change is durable, while the sender goes on. */
export async function framesAreHeld(): Promise<boolean> {
  const left: unknown[] = []
  const wire: GatedSocket = {
    readyState: 1,
    OPEN: 1,
    send: (data, sent) => {
      left.push(data)
      sent?.()
    },
    pause: () => undefined,
    resume: () => undefined,
    on: () => undefined,
  }
  const client = new WebSocketClient(new URL('ws://127.0.0.1/'), DEFAULT_CONNECTION_CONFIG)
  Object.assign(client, { socket: wire })
  const handle = { seq: 1, ackSeq: 0 }
  const listeners: ((ackSeq: number) => void)[] = []
  const onAck = (listener: (ackSeq: number) => void) => {
    listeners.push(listener)
    return () => undefined
  }
  const acknowledging = Object.assign(handle, { onAck })
  const settings = { stallMs: 10_000, highWaterBytes: 1_024 }
  const gate = new SendGate(innerSocket(client), acknowledging, () => undefined, settings)
  await new Promise<void>((resolve) => {
    client.send('frame', () => resolve())
  })
  const before = left.length
  handle.ackSeq = 1
  for (const listener of listeners) listener(1)
  await gate.drained()
  return before === 0 && left.join() === 'frame'
}
