import { expect, test } from 'vitest'
import { Frames } from '../../../src/tui/frames.ts'

/** A clock that only tests move; drawing takes `cost`. */
class Clock {
  time = 0
  cost = 1
  drawn: number[] = []
  #due: { at: number; act: () => void } | undefined
  readonly frames = new Frames(
    () => {
      this.drawn.push(this.time)
      this.time += this.cost
    },
    {
      now: () => this.time,
      after: (ms, act) => {
        this.#due = { at: this.time + ms, act }
        return { cancel: () => (this.#due = undefined) }
      },
    },
  )

  to(time: number): void {
    const due = this.#due
    if (due !== undefined && due.at <= time) {
      this.time = due.at
      this.#due = undefined
      due.act()
    }
    this.time = Math.max(this.time, time)
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
