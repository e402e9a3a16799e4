import { array, assert, boolean, constant, nat, oneof, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import type { Ending } from '../../../src/recovery/breaker.ts'
import {
  EMPTY_LANE,
  stepLane,
  type LaneInput,
  type LaneSettings,
  type LaneState,
  type Ticket,
} from '../../../src/recovery/lane.ts'

const SETTINGS: LaneSettings = {
  slots: 4,
  rate: 20,
  breaker: { sessions: 3, windowMs: 30_000, probe: { baseMs: 500, maxMs: 5_000 } },
}

const ticket = (id: number, more: Partial<Ticket> = {}): Ticket => ({
  id,
  sessionId: `s${String(id).padStart(4, '0')}`,
  tries: 0,
  weight: 0,
  ...more,
})

/** A lane on a clock of its own. */
class World {
  state: LaneState = EMPTY_LANE
  now = 0
  readonly started: Ticket[] = []
  readonly starts: number[] = []
  lookAt: number | undefined
  readonly settings: LaneSettings

  constructor(settings = SETTINGS) {
    this.settings = settings
  }

  take(input: LaneInput): Ticket[] {
    const step = stepLane(this.state, input, this.settings, { now: this.now, random: () => 0.5 })
    this.state = step.state
    this.lookAt = step.lookAt
    this.started.push(...step.start)
    this.starts.push(...step.start.map(() => this.now))
    return step.start
  }

  enter(...tickets: Ticket[]): Ticket[] {
    return tickets.flatMap((one) => this.take({ type: 'enter', ticket: one }))
  }

  end(id: number, ending: Ending = { kind: 'answered' }): Ticket[] {
    return this.take({ type: 'end', id, ending, online: 0 })
  }

  /** Lets the time pass, up to an end. */
  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      if (this.lookAt === undefined || this.lookAt > end) break
      this.now = Math.max(this.now, this.lookAt)
      this.take({ type: 'look' })
    }
    this.now = end
  }
}

const FAST: LaneSettings = { ...SETTINGS, rate: Infinity }
const OUTAGE: Ending = { kind: 'outage', cause: 'unavailable' }

test('fresh sessions go before those that failed, heavy before light, then by name', () => {
  const world = new World({ ...FAST, slots: 1 })
  world.enter(ticket(1))
  world.enter(ticket(2, { tries: 1, weight: 9 }), ticket(4, { weight: 1 }), ticket(5), ticket(3))
  world.enter(ticket(6, { weight: 5 }))
  for (const id of [1, 6, 4, 3, 5]) world.end(id)
  expect(world.started.map(({ id }) => id)).toEqual([1, 6, 4, 3, 5, 2])
})

test('sessions that hang again and again never take every slot', () => {
  const world = new World(FAST)
  world.enter(...[1, 2, 3, 4, 5, 6].map((id) => ticket(id, { tries: 1 })))
  expect(world.state.running.size).toBe(3)
  expect(world.enter(ticket(9))).toHaveLength(1)
})

test('a group keeps to its own limit, and others pass it', () => {
  const world = new World(FAST)
  const group = { id: 1, limit: 1 }
  world.enter(ticket(1, { group }), ticket(2, { group }), ticket(3))
  expect([...world.state.running.keys()]).toEqual([1, 3])
  expect(world.end(1).map(({ id }) => id)).toEqual([2])
})

test('what is urgent waits for the rate alone', () => {
  const world = new World({ ...FAST, slots: 1 })
  world.enter(ticket(1), ticket(2))
  expect(world.enter(ticket(3, { urgent: true }))).toHaveLength(1)
})

test('what is urgent goes first, and an outage does not hold it back', () => {
  const world = new World({ ...SETTINGS, slots: 9 })
  world.enter(...[1, 2, 3, 4, 5, 6, 8, 9].map((id) => ticket(id)))
  world.enter(ticket(7, { urgent: true, tries: 5 }))
  world.pass(10_000)
  const order = world.started.map(({ id }) => id)
  expect(order.indexOf(7)).toBeLessThan(order.indexOf(9))
  expect(world.state.running.has(7)).toBe(false)
  for (const id of [1, 2, 3]) world.end(id, OUTAGE)
  const { breaker } = world.state
  if (breaker.kind !== 'open') throw new Error(`the breaker is ${breaker.kind}`)
  expect(world.enter(ticket(10, { urgent: true }))).toHaveLength(1)
  expect(world.now).toBeLessThan(breaker.probeAt)
  expect(world.state.breaker).toBe(breaker)
})

test('an outage lets one at a time through, and all when it is over', () => {
  const world = new World(FAST)
  world.enter(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => ticket(id)))
  for (const id of [1, 2, 3]) world.end(id, OUTAGE)
  expect(world.state.breaker.kind).toBe('open')
  const before = world.started.length
  world.pass(600)
  expect(world.started.length).toBe(before + 1)
  const probe = world.started.at(-1)?.id ?? 0
  // The one that began before the outage ends too, and changes nothing.
  world.end(4, OUTAGE)
  world.pass(60_000)
  expect(world.started.length).toBe(before + 1)
  world.end(probe, OUTAGE)
  world.pass(2_000)
  expect(world.started.length).toBe(before + 2)
  world.end(world.started.at(-1)?.id ?? 0)
  expect(world.state.breaker.kind).toBe('closed')
  expect(world.state.waiting).toEqual([])
})

test('a session that leaves the queue is not started', () => {
  const world = new World({ ...FAST, slots: 1 })
  world.enter(ticket(1), ticket(2), ticket(3))
  world.take({ type: 'leave', id: 2 })
  expect(world.end(1).map(({ id }) => id)).toEqual([3])
})

const endings: Ending[] = [{ kind: 'answered' }, OUTAGE, { kind: 'neutral' }]
const action = oneof(
  record({ type: constant('enter' as const), tries: nat(2), urgent: boolean() }),
  record({ type: constant('leave' as const), which: nat() }),
  record({ type: constant('end' as const), which: nat(), ending: nat(2) }),
  record({ type: constant('pass' as const), ms: nat(3_000) }),
)

test('whatever happens: slots, rate and probes hold, nobody is started twice or forgotten', () => {
  assert(
    property(array(action, { maxLength: 120 }), (actions) => {
      const world = new World()
      let id = 0
      const left = new Set<number>()
      for (const act of actions) {
        const running = [...world.state.running.keys()]
        const { waiting } = world.state
        const pausedBefore = world.state.breaker.kind !== 'closed'
        const count = world.started.length
        if (act.type === 'enter')
          world.enter(ticket(++id, { tries: act.tries, ...(act.urgent && { urgent: true }) }))
        if (act.type === 'leave') {
          const one = waiting[act.which % Math.max(1, waiting.length)]
          if (one !== undefined) {
            left.add(one.id)
            world.take({ type: 'leave', id: one.id })
          }
        }
        if (act.type === 'end') {
          const one = running[act.which % Math.max(1, running.length)]
          const ending = endings[act.ending]
          if (one !== undefined && ending !== undefined) world.end(one, ending)
        }
        if (act.type === 'pass') world.pass(act.ms)
        const fresh = world.started.slice(count).filter((one) => one.urgent !== true)
        const stillPaused = pausedBefore && world.state.breaker.kind !== 'closed'
        expect(stillPaused && fresh.length > 1).toBe(false)
        // A probe may come on top of those that began before the outage.
        expect(world.state.running.size).toBeLessThanOrEqual(SETTINGS.slots + 1)
      }
      for (const at of world.starts)
        expect(world.starts.filter((s) => s > at - 1_000 && s <= at).length).toBeLessThanOrEqual(20)
      // Everything ends, and whoever entered has started or left.
      for (let round = 0; round < 500 && world.state.waiting.length > 0; round++) {
        for (const one of world.state.running.keys()) world.end(one)
        world.pass(6_000)
      }
      const all = [...world.started.map((one) => one.id), ...left]
      expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: id }, (_, n) => n + 1))
    }),
    { numRuns: 300 },
  )
})
