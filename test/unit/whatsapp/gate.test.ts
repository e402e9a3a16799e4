import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import {
  followFrames,
  innerSocket,
  SendGate,
  type Departure,
  type GateSettings,
} from '../../../src/whatsapp/hooks/gate.ts'

class Wire extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  reading = true
  readonly left: string[] = []

  send(data: Uint8Array | string, sent?: (error?: Error) => void): void {
    this.left.push(String(data))
    sent?.()
  }

  pause(): void {
    this.reading = false
  }

  resume(): void {
    this.reading = true
  }
}

class Handle {
  seq = 0
  ackSeq = 0
  readonly #listeners = new Set<(ackSeq: number) => void>()

  onAck(listener: (ackSeq: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  acknowledge(seq: number): void {
    this.ackSeq = seq
    for (const listener of this.#listeners) listener(seq)
  }

  get listeners(): number {
    return this.#listeners.size
  }
}

const SETTINGS: GateSettings = { stallMs: 10_000, highWaterBytes: 100 }

function open(settings: Partial<GateSettings> = {}) {
  const wire = new Wire()
  const handle = new Handle()
  const stalls: boolean[] = []
  const gate = new SendGate(wire, handle, (stalled) => stalls.push(stalled), {
    ...SETTINGS,
    ...settings,
  })
  return { wire, handle, stalls, gate }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a frame leaves at once when all that it rests on is acknowledged', () => {
  const { wire, gate } = open()
  const sent = vi.fn<() => void>()
  wire.send('a', sent)
  expect(wire.left).toEqual(['a'])
  expect(sent).toHaveBeenCalledOnce()
  expect(gate.heldBytes).toBe(0)
})

test('a frame waits for the changes made before it, and for no later ones', () => {
  const { wire, handle } = open()
  handle.seq = 3
  wire.send('rests on 3')
  handle.seq = 9
  handle.acknowledge(2)
  expect(wire.left).toEqual([])
  handle.acknowledge(3)
  expect(wire.left).toEqual(['rests on 3'])
})

test('frames keep their order, also those that rest on nothing new', () => {
  const { wire, handle } = open()
  handle.seq = 1
  wire.send('a')
  handle.seq = 2
  wire.send('b')
  wire.send('c')
  handle.acknowledge(1)
  expect(wire.left).toEqual(['a'])
  handle.acknowledge(2)
  wire.send('d')
  expect(wire.left).toEqual(['a', 'b', 'c', 'd'])
})

test('the sender is told at once, although the bytes stay', async () => {
  const { wire, handle } = open()
  handle.seq = 1
  const sent = vi.fn<() => void>()
  wire.send('a', sent)
  await vi.runAllTimersAsync()
  expect(sent).toHaveBeenCalledExactlyOnceWith()
  expect(wire.left).toEqual([])
})

test('what is held when the socket closes never leaves, and its sender can know', async () => {
  const { wire, handle, gate } = open()
  handle.seq = 1
  const [departure, other]: Departure[] = [{ last: 'none' }, { last: 'none' }]
  if (departure === undefined || other === undefined) throw new Error('unreachable')
  await followFrames(departure, async () => wire.send('a'))
  expect(departure.last).toBe('held')
  const drained = gate.drained()
  wire.readyState = 3
  wire.emit('close')
  await gate.closed
  await drained
  handle.acknowledge(1)
  expect(wire.left).toEqual([])
  expect(departure.last).toBe('dropped')
  expect(other.last).toBe('none')
  expect(handle.listeners).toBe(0)
})

test("a sender's last frame counts, not the others'", async () => {
  const { wire, handle } = open()
  const departure: Departure = { last: 'none' }
  await followFrames(departure, async () => wire.send('query'))
  expect(departure.last).toBe('left')
  handle.seq = 1
  wire.send("somebody else's")
  expect(departure.last).toBe('left')
  await followFrames(departure, async () => wire.send('message'))
  expect(departure.last).toBe('held')
  handle.acknowledge(1)
  expect(departure.last).toBe('left')
})

test('the application is told in its turn, and what follows leaves a turn later', async () => {
  const { wire, handle, gate } = open()
  const log = wire.left
  handle.seq = 1
  gate.tell(10, () => log.push('one'))
  wire.send('receipt of one')
  handle.seq = 2
  gate.tell(10, () => log.push('two'))
  wire.send('receipt of two')
  expect(log).toEqual([])
  handle.acknowledge(1)
  expect(log).toEqual(['one'])
  handle.acknowledge(2)
  wire.send('later')
  expect(log).toEqual(['one'])
  const drained = gate.drained()
  await vi.runAllTimersAsync()
  await drained
  expect(log).toEqual(['one', 'receipt of one', 'two', 'receipt of two', 'later'])
  expect(gate.heldBytes).toBe(0)
})

test('what rests on nothing new is told at once, still before what follows', async () => {
  const { wire, gate } = open()
  gate.tell(10, () => wire.left.push('one'))
  wire.send('receipt')
  expect(wire.left).toEqual(['one'])
  const drained = gate.drained()
  await vi.runAllTimersAsync()
  await drained
  expect(wire.left).toEqual(['one', 'receipt'])
})

test('what is not told when the socket closes never is', async () => {
  const { wire, handle, gate } = open()
  handle.seq = 1
  const tell = vi.fn<() => void>()
  gate.tell(10, tell)
  wire.emit('close')
  await gate.closed
  handle.acknowledge(1)
  gate.tell(10, tell)
  expect(tell).not.toHaveBeenCalled()
})

test('drained resolves when the last frame has left', async () => {
  const { wire, handle, gate } = open()
  await gate.drained()
  handle.seq = 2
  wire.send('a')
  let drained = false
  const waiting = gate.drained().then(() => (drained = true))
  handle.acknowledge(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(drained).toBe(false)
  handle.acknowledge(2)
  await waiting
  expect(drained).toBe(true)
})

test('a frame that is held for long is reported, and so is the end of it', () => {
  const { wire, handle, stalls } = open()
  handle.seq = 1
  wire.send('a')
  vi.advanceTimersByTime(6_000)
  handle.seq = 2
  wire.send('b')
  vi.advanceTimersByTime(3_000)
  handle.acknowledge(1)
  // The second frame has been held for 3 s of its own.
  vi.advanceTimersByTime(6_000)
  expect(stalls).toEqual([])
  vi.advanceTimersByTime(1_000)
  expect(stalls).toEqual([true])
  handle.acknowledge(2)
  expect(stalls).toEqual([true, false])
})

test('above the high-water mark nothing is read until half of it has left', () => {
  const { wire, handle } = open()
  for (let seq = 1; seq <= 3; seq++) {
    handle.seq = seq
    wire.send('x'.repeat(40))
  }
  expect(wire.reading).toBe(false)
  handle.acknowledge(1)
  expect(wire.reading).toBe(false)
  handle.acknowledge(2)
  expect(wire.reading).toBe(true)
})

test('reading goes on when every reason to pause is gone, also one from before the connection', () => {
  const { wire, gate } = open()
  gate.pause('backlog')
  gate.pause('operator')
  // What `ws` does while it connects: nothing.
  wire.reading = true
  wire.emit('open')
  expect(wire.reading).toBe(false)
  gate.resume('backlog')
  expect(wire.reading).toBe(false)
  gate.resume('operator')
  expect(wire.reading).toBe(true)
})

test('a client without its socket where it should be is refused', () => {
  expect(() => innerSocket({ socket: null })).toThrow(
    expect.objectContaining({ code: 'hooks.self-test' }),
  )
})

test('a connection that is given up while it begins can be paused and resumed', () => {
  const socket = new WebSocket('ws://127.0.0.1:1')
  socket.on('error', () => undefined)
  const gate = new SendGate(innerSocket({ socket }), new Handle(), () => undefined, SETTINGS)
  gate.pause('backlog')
  socket.terminate()
  expect(socket.readyState).toBe(WebSocket.CLOSING)
  expect(() => gate.resumeAll()).not.toThrow()
})
