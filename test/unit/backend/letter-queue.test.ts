import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  isStatus,
  type Letter,
  statusLane,
  WORKER_LANE,
} from '../../../src/backend/outbox/letter.ts'
import { LetterQueue } from '../../../src/backend/outbox/queue.ts'

const PLENTY = { letters: 10_000, bytes: 1e9 }
const always = () => true

const report = (seq: number, size = 0): Letter => ({
  seq,
  lane: WORKER_LANE,
  call: 'recovery status',
  body: { words: 'x'.repeat(size) },
  at: seq,
})
const preserved = (seq: number): Letter => ({ ...report(seq), call: 'sessions preserved' })
const status = (seq: number, session: string, more: Partial<Letter> = {}): Letter => ({
  seq,
  lane: statusLane(session),
  call: 'session status',
  body: {},
  at: seq,
  ...more,
})

function seqsOf(letters: readonly Letter[]): number[] {
  return letters.map(({ seq }) => seq)
}

test('reports go one after another, whatever becomes of the first', () => {
  const queue = new LetterQueue(PLENTY)
  const first = report(1)
  for (const letter of [first, report(2)]) queue.add(letter)
  expect(queue.take(0, always).letter).toBe(first)
  expect(queue.take(0, always).letter).toBeUndefined()
  expect(queue.back(first)).toBeUndefined()
  expect(queue.take(0, always).letter?.seq).toBe(1)
})

test('the newest status takes the place of the one that waits', () => {
  const queue = new LetterQueue(PLENTY)
  queue.add(status(1, 'anna'))
  queue.add(status(2, 'ben'))
  expect(seqsOf(queue.add(status(3, 'anna')).replaced)).toEqual([1])
  expect(queue.take(0, always).letter?.seq).toBe(3)
  expect(queue.take(0, always).letter?.seq).toBe(2)
})

test('a status that comes back is given up for a newer one', () => {
  const queue = new LetterQueue(PLENTY)
  const old = status(1, 'anna')
  queue.add(old)
  queue.take(0, always)
  queue.add(status(2, 'anna'))
  expect(queue.take(0, always).letter).toBeUndefined()
  expect(queue.back(old)).toBe(old)
  expect(queue.take(0, always).letter?.seq).toBe(2)
})

test('what is under way when its session is forgotten does not go again', () => {
  const queue = new LetterQueue(PLENTY)
  const first = status(1, 'anna')
  queue.add(first)
  queue.take(0, always)
  queue.add(status(2, 'anna'))
  expect(seqsOf(queue.forget(statusLane('anna')))).toEqual([2])
  expect(queue.back(first)).toBe(first)
  expect(queue.count).toBe(0)
})

test('what is too old is not sent', () => {
  const queue = new LetterQueue(PLENTY)
  queue.add(status(1, 'anna', { expiresAt: 100 }))
  queue.add(status(2, 'ben', { expiresAt: 101 }))
  const { letter, expired } = queue.take(100, always)
  expect(seqsOf(expired)).toEqual([1])
  expect(letter?.seq).toBe(2)
})

test('what may not go yet holds up nobody else', () => {
  const queue = new LetterQueue(PLENTY)
  queue.add(report(1))
  queue.add(status(2, 'anna'))
  const { letter } = queue.take(0, ({ lane }) => lane !== WORKER_LANE)
  expect(letter?.seq).toBe(2)
})

test('without room the oldest reports go first, then notices, then statuses', () => {
  const queue = new LetterQueue({ letters: 3, bytes: 1e9 })
  queue.add(status(1, 'anna'))
  queue.add(preserved(2))
  queue.add(report(3))
  expect(seqsOf(queue.add(report(4)).dropped)).toEqual([3])
  expect(seqsOf(queue.add(status(5, 'ben')).dropped)).toEqual([4])
  expect(seqsOf(queue.add(status(6, 'carl')).dropped)).toEqual([2])
  expect(seqsOf(queue.add(status(7, 'dora')).dropped)).toEqual([1])
})

test('the limit of bytes holds, but for what is under way', () => {
  const queue = new LetterQueue({ letters: 100, bytes: 1_000 })
  const big = report(1, 900)
  queue.add(big)
  queue.take(0, always)
  expect(seqsOf(queue.add(report(2, 900)).dropped)).toEqual([2])
  queue.done(big)
  expect([queue.count, queue.bytes]).toEqual([0, 0])
})

type Step =
  | { do: 'report' | 'preserved' }
  | { do: 'status' | 'qr' | 'forget'; session: string }
  | { do: 'take' | 'deliver' | 'fail'; which: number }
  | { do: 'restart' }

const session = fc.constantFrom('anna', 'ben', 'carl')
const which = fc.nat(5)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('report', 'preserved') }),
    fc.record({ do: fc.constantFrom('status', 'qr', 'forget'), session }),
    fc.record({ do: fc.constantFrom('take', 'deliver', 'fail'), which }),
    fc.record({ do: fc.constant('restart') }),
  ),
  { maxLength: 80 },
)

/** A queue with the disk that an outbox keeps for it, and what was delivered from it. */
class World {
  queue = new LetterQueue(PLENTY)
  disk = new Map<number, Letter>()
  underWay: Letter[] = []
  readonly delivered: Letter[] = []
  readonly reports: number[] = []
  readonly newest = new Map<string, number>()
  #seq = 0
  #now = 0

  step(step: Step): void {
    this.#now++
    switch (step.do) {
      case 'report':
      case 'preserved': {
        const letter = step.do === 'report' ? report(++this.#seq) : preserved(++this.#seq)
        this.reports.push(letter.seq)
        this.#add(letter)
        break
      }
      case 'status':
        this.#status(status(++this.#seq, step.session))
        break
      case 'qr':
        this.#status(status(++this.#seq, step.session, { expiresAt: this.#now + 5 }))
        break
      case 'forget':
        for (const { seq } of this.queue.forget(statusLane(step.session))) this.disk.delete(seq)
        this.newest.delete(statusLane(step.session))
        break
      case 'take': {
        const { letter } = this.queue.take(this.#now, always)
        if (letter === undefined) break
        assert.ok((letter.expiresAt ?? Infinity) > this.#now)
        assert.ok(!this.underWay.some(({ lane }) => lane === letter.lane))
        this.underWay.push(letter)
        break
      }
      case 'deliver':
      case 'fail': {
        const [letter] = this.underWay.splice(step.which % Math.max(1, this.underWay.length), 1)
        if (letter === undefined) break
        if (step.do === 'deliver') this.#deliver(letter)
        else if (this.queue.back(letter) !== undefined) this.disk.delete(letter.seq)
        break
      }
      case 'restart': {
        this.queue = new LetterQueue(PLENTY)
        this.underWay = []
        const kept = [...this.disk.values()].toSorted((a, b) => a.seq - b.seq)
        this.disk = new Map()
        for (const letter of kept) this.#add(letter)
      }
    }
  }

  /** Delivers whatever is left. */
  finish(): void {
    this.#now += 1_000
    for (const letter of this.underWay.splice(0)) this.queue.back(letter)
    for (;;) {
      const { letter } = this.queue.take(this.#now, always)
      if (letter === undefined) return
      this.#deliver(letter)
    }
  }

  #status(letter: Letter): void {
    // A QR that nobody may write down is lost with the process, and with it nothing is owed.
    if (letter.expiresAt === undefined) this.newest.set(letter.lane, letter.seq)
    else this.newest.delete(letter.lane)
    this.#add(letter)
  }

  #add(letter: Letter): void {
    const { replaced, dropped } = this.queue.add(letter)
    assert.deepEqual(dropped, [])
    for (const { seq } of replaced) this.disk.delete(seq)
    if (letter.expiresAt === undefined) this.disk.set(letter.seq, letter)
  }

  #deliver(letter: Letter): void {
    this.queue.done(letter)
    this.disk.delete(letter.seq)
    this.delivered.push(letter)
  }
}

test('whatever fails and restarts: every report in order, the newest status last, none older after it', () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const world = new World()
      for (const step of steps) world.step(step)
      world.finish()
      const { delivered } = world
      const reports = delivered.filter((letter) => !isStatus(letter)).map(({ seq }) => seq)
      expect([...new Set(reports)]).toEqual(world.reports)
      expect(reports).toEqual(reports.toSorted((a, b) => a - b))
      const lanes = Map.groupBy(delivered.filter(isStatus), ({ lane }) => lane)
      for (const [, letters] of lanes) {
        const seqs = seqsOf(letters)
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b))
      }
      for (const [lane, seq] of world.newest) expect(lanes.get(lane)?.at(-1)?.seq).toBe(seq)
      expect([world.queue.count, world.queue.bytes, world.queue.underWay]).toEqual([0, 0, 0])
    }),
    { numRuns: 2_000 },
  )
})
