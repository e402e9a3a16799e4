import { expect, test } from 'vitest'
import { Frames } from '../../../src/tui/frames.ts'

/** A clock that only tests move; drawing takes `cost`. */
class Clock {
  time = 0
  cost = 1
  bytes = 10
  drawn: number[] = []
  full = false
  #release: (() => void) | undefined
  readonly link = {
    written: 0,
    taken: (then: () => void) => {
      if (this.full) this.#release = then
      return !this.full
    },
  }
  #due: { at: number; act: () => void } | undefined
  readonly frames = new Frames(
    () => {
      this.drawn.push(this.time)
      this.time += this.cost
      this.link.written += this.bytes
    },
    this.link,
    {
      now: () => this.time,
      after: (ms, act) => {
        this.#due = { at: this.time + ms, act }
        return { cancel: () => (this.#due = undefined) }
      },
    },
  )

  to(time: number): void {
    for (let due = this.#due; due !== undefined && due.at <= time; due = this.#due) {
      this.time = Math.max(this.time, due.at)
      this.#due = undefined
      due.act()
    }
    this.time = Math.max(this.time, time)
  }

  /** The terminal takes what it was sent. */
  read(): void {
    this.full = false
    this.#release?.()
    this.#release = undefined
  }

  get waiting(): boolean {
    return this.#due !== undefined
  }
}

test('data is drawn at once, then not again too soon', () => {
  const clock = new Clock()
  clock.frames.soon()
  clock.to(0)
  clock.frames.soon()
  clock.frames.soon()
  clock.to(150)
  expect(clock.drawn).toEqual([0])
  clock.to(500)
  expect(clock.drawn).toEqual([0, 201])
})

test('what is slow to draw is drawn seldom', () => {
  const clock = new Clock()
  clock.cost = 30
  clock.frames.now()
  clock.frames.soon()
  clock.to(5_000)
  expect(clock.drawn).toEqual([0, 630])
  clock.cost = 10_000
  clock.frames.now()
  clock.frames.soon()
  clock.to(60_000)
  expect(clock.drawn.at(-1)).toBe(16_000)
})

test('a key is drawn at once, with the data that waits', () => {
  const clock = new Clock()
  clock.frames.now()
  clock.frames.soon()
  clock.to(20)
  clock.frames.now()
  expect(clock.drawn).toEqual([0, 20])
  expect(clock.waiting).toBe(false)
})

test('nothing is drawn after the end', () => {
  const clock = new Clock()
  clock.frames.soon()
  clock.frames.stop()
  expect(clock.waiting).toBe(false)
})

test('what writes much is drawn seldom, so that a slow line has room for keys', () => {
  const clock = new Clock()
  clock.bytes = 2_048
  clock.frames.now()
  clock.frames.soon()
  clock.to(2_000)
  expect(clock.drawn).toEqual([0, 501])
})

test('bytes that are known late count too', () => {
  const clock = new Clock()
  clock.frames.now()
  clock.frames.soon()
  clock.link.written += 2_048
  clock.to(2_000)
  expect(clock.drawn).toHaveLength(2)
  expect(clock.drawn[1]).toBeGreaterThan(500)
})

test('nothing is drawn while the terminal does not take it, then the newest once', () => {
  const clock = new Clock()
  clock.frames.now()
  clock.full = true
  for (let at = 0; at < 100_000; at += 50) {
    clock.to(at)
    clock.frames.soon()
    if (at % 1_000 === 0) clock.frames.now()
  }
  expect(clock.drawn).toEqual([0])
  clock.read()
  expect(clock.drawn).toHaveLength(2)
})

test('a terminal that was slow gets data more seldom for a while, and keys at once', () => {
  const clock = new Clock()
  clock.bytes = 1_024
  clock.frames.now()
  clock.full = true
  clock.frames.soon()
  clock.to(1_000)
  clock.read()
  clock.frames.soon()
  clock.to(1_500)
  expect(clock.drawn).toEqual([0])
  clock.to(2_500)
  expect(clock.drawn).toHaveLength(2)
  clock.frames.now()
  expect(clock.drawn).toHaveLength(3)
  clock.to(100_000)
  clock.frames.now()
  clock.frames.soon()
  clock.to(100_300)
  expect(clock.drawn).toHaveLength(5)
})
