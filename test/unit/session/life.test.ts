import { array, assert, constantFrom, integer, property, record, type Arbitrary } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CAUSES, type CauseId } from '../../../src/session/cause.ts'
import {
  newLife,
  type Facts,
  type Life,
  type LifeEvent,
  type LifeSettings,
} from '../../../src/session/life.ts'
import { isFlapping } from '../../../src/session/restraint.ts'
import { mayBecome } from '../../../src/session/state.ts'
import { stepLife } from '../../../src/session/step-life.ts'

const SETTINGS: LifeSettings = {
  reconnect: { baseMs: 1_000, maxMs: 60_000 },
  stableMs: 60_000,
  flapCount: 5,
  flapWindowMs: 900_000,
  flap: { baseMs: 60_000, maxMs: 300_000 },
  loginsPerHour: 60,
  maxRestarts: 3,
  rest: { baseMs: 15_000, maxMs: 120_000 },
}
const HOUR = 3_600_000

/** A session on a clock of its own, which notes the logins that it begins. */
class World {
  life: Life
  now = 1_000_000
  random = 0.5
  unpaired = false
  unstored = false
  /** Logins that nobody but the session itself began. */
  readonly logins: number[] = []

  readonly settings: LifeSettings

  constructor(settings = SETTINGS) {
    this.settings = settings
    this.life = newLife(this.now)
  }

  get facts(): Facts {
    const { now, random, unpaired, unstored } = this
    return { now, random, unpaired, unstored }
  }

  take(...events: LifeEvent[]): this {
    for (const event of events) {
      const before = this.life
      this.life = stepLife(before, event, this.settings, this.facts)
      if (before.state !== this.life.state && !mayBecome(before.state, this.life.state))
        throw new Error(`${event.type}: from ${before.state} to ${this.life.state}`)
      if (event.type === 'admitted' && before !== this.life) this.logins.push(this.now)
    }
    return this
  }

  closed(cause: CauseId): this {
    return this.take({ type: 'closed', cause, detail: CAUSES[cause].words })
  }

  ended(): this {
    return this.take({ type: 'ended', of: 'ending' })
  }

  /** Brings the session online, as a recovery does. */
  online(): this {
    return this.take(
      { type: 'taken' },
      { type: 'restoring', for: 'recovery' },
      { type: 'connect' },
      { type: 'opened' },
      { type: 'given-back', cause: 'cancelled', detail: '' },
    )
  }

  /** Reconnects by itself, as soon as it may. */
  comeBack(): this {
    if (this.life.doing.kind === 'waiting') this.now = this.life.doing.until
    return this.take({ type: 'due' }, { type: 'admitted' }, { type: 'opened' })
  }
}

describe('what a disconnect leads to', () => {
  const heals = Object.keys(CAUSES).filter((id) => CAUSES[id as CauseId].action === 'backoff')
  test.each(heals as CauseId[])('%s: it waits, and tries again in its turn', (cause) => {
    const world = new World().online().closed(cause)
    expect(world.life).toMatchObject({ state: 'reconnecting', cause, doing: { kind: 'waiting' } })
    world.comeBack()
    expect(world.life).toMatchObject({ state: 'online', cause: undefined })
  })

  const stops = Object.keys(CAUSES).filter((id) => CAUSES[id as CauseId].action === 'stop')
  test.each(stops as CauseId[])('%s: it stops', (cause) => {
    const world = new World().online().closed(cause)
    expect(world.life).toMatchObject({ state: 'online', doing: { kind: 'ending' } })
    world.ended()
    expect(world.life).toMatchObject({ cause, doing: { kind: 'resting' } })
    expect(world.life.state).not.toBe('online')
  })

  test('replaced: the owner record is asked, and whatever it says the session rests', () => {
    for (const cause of ['replaced', 'owned-elsewhere'] as const) {
      const world = new World().online().closed('replaced')
      expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'asking' } })
      world.take({ type: 'owner', cause, detail: 'theirs' }).ended()
      expect(world.life).toMatchObject({ state: 'conflict', cause, detail: 'theirs' })
    }
  })

  test('a restart that WhatsApp asks for is followed at once, three times at most', () => {
    const world = new World().online()
    for (let n = 0; n < 3; n++) {
      world.closed('restart-required')
      expect(world.life).toMatchObject({
        state: 'connecting',
        doing: { kind: 'queueing', urgent: true },
      })
      world.take({ type: 'admitted' }, { type: 'opened' })
      world.now += 1_000
    }
    world.closed('restart-required')
    expect(world.life.doing.kind).toBe('waiting')
  })
})

test('with a recovery in charge nothing is tried between its attempts, and afterwards it is', () => {
  const world = new World().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
  world.take({ type: 'connect' }).closed('unreachable')
  expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'given' } })
  world.take({ type: 'given-back', cause: 'unreachable', detail: '' })
  expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'waiting' } })
  world.take({ type: 'taken' })
  expect(world.life.doing.kind).toBe('given')
})

test('a recovery that was cancelled before its turn leaves a session that rests with a cause', () => {
  const world = new World().take({ type: 'taken' })
  expect(world.life.state).toBe('queued')
  world.take({ type: 'given-back', cause: 'cancelled', detail: 'cancelled' })
  expect(world.life).toMatchObject({ state: 'failed', cause: 'cancelled' })
  expect(world.life.doing).toMatchObject({ kind: 'resting' })
})

test('a session that waits for its changes connects when they are stored', () => {
  const world = new World().online().closed('connection-lost')
  world.unstored = true
  world.now += 60_000
  world.take({ type: 'due' })
  expect(world.life).toMatchObject({ cause: 'stalled', doing: { kind: 'storing' } })
  world.unstored = false
  world.take({ type: 'stored' }, { type: 'admitted' }, { type: 'opened' })
  expect(world.life.state).toBe('online')
})

test('waits grow, and begin anew only after a connection that stood for a while', () => {
  const world = new World().online()
  const waits: number[] = []
  const lose = () => {
    world.closed('connection-closed')
    if (world.life.doing.kind === 'waiting') waits.push(world.life.doing.until - world.now)
    world.comeBack()
  }
  for (let n = 0; n < 3; n++) {
    world.now += 1_000
    lose()
  }
  world.now += 70_000
  lose()
  expect(waits.map((ms) => Math.round(ms / 750))).toEqual([1, 2, 4, 1])
})

test('a session whose connections do not last is flapping, and is slowed down', () => {
  const world = new World().online()
  for (let n = 0; n < 5; n++) {
    world.now += 70_000
    expect(isFlapping(world.life.restraint, SETTINGS, world.now)).toBe(false)
    world.closed('connection-lost')
    if (n < 4) world.comeBack()
  }
  expect(isFlapping(world.life.restraint, SETTINGS, world.now)).toBe(true)
  const { doing } = world.life
  expect(doing.kind === 'waiting' && doing.until - world.now).toBeGreaterThanOrEqual(30_000)
  world.now += 900_000
  expect(isFlapping(world.life.restraint, SETTINGS, world.now)).toBe(false)
})

test('a half-made pairing that fails is over; a phone that linked it is followed by a restart', () => {
  const half = new World()
  half.unpaired = true
  half.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' }).closed('connection-lost')
  expect(half.ended().life).toMatchObject({ state: 'failed', cause: 'connection-lost' })

  const late = new World()
  late.unpaired = true
  late.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' })
  late.take({ type: 'abandoned', cause: 'timeout' })
  expect(late.ended().life).toMatchObject({ state: 'needs-pairing', cause: 'pairing-expired' })

  const linked = new World()
  linked.unpaired = true
  linked.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' })
  linked.unpaired = false
  linked.closed('restart-required').take({ type: 'admitted' }, { type: 'opened' })
  expect(linked.life).toMatchObject({ state: 'online', pairing: false })
})

test('a recovery keeps out of a pairing', () => {
  const world = new World().take({ type: 'restoring', for: 'pairing' })
  const before = world.life
  expect(world.take({ type: 'taken' }).life).toBe(before)
})

test('what was tried is remembered, with why it failed', () => {
  const world = new World().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
  world.take({ type: 'refused', cause: 'store-unavailable', detail: 'no answer' })
  world.take({ type: 'restoring', for: 'recovery' }, { type: 'connect' }).closed('unavailable')
  world.take({ type: 'connect' }, { type: 'opened' })
  world.now += 5_000
  world.closed('connection-lost')
  expect(world.life.history.map(({ what, outcome, cause }) => [what, outcome, cause])).toEqual([
    ['restore', 'failed', 'store-unavailable'],
    ['login', 'failed', 'unavailable'],
    ['login', 'online', undefined],
    ['online', 'failed', 'connection-lost'],
  ])
  world.take({ type: 'given-back', cause: 'cancelled', detail })
  for (let n = 0; n < 50; n++) world.comeBack().closed('connection-lost')
  expect(world.life.history).toHaveLength(20)
})

const CAUSE_IDS = Object.keys(CAUSES) as CauseId[]
const CAUSES_OR_NONE: (CauseId | undefined)[] = [undefined, ...CAUSE_IDS]
const cause = constantFrom(...CAUSE_IDS)
const detail = 'seen'

/** Anything that can happen, at any moment, whether it makes sense or not. */
const event: Arbitrary<LifeEvent> = record({
  type: constantFrom<LifeEvent['type'][]>(
    ...(['taken', 'given-back', 'postponed', 'restoring', 'refused', 'connect', 'pair'] as const),
    ...(['due', 'stored', 'admitted', 'opened', 'closed', 'abandoned', 'stalled'] as const),
    ...(['owner', 'over', 'stop', 'ended'] as const),
    // What goes on most of the time.
    ...(['due', 'admitted', 'opened', 'closed', 'due', 'admitted', 'opened', 'closed'] as const),
  ),
  cause,
  n: integer({ min: 0, max: 1 }),
}).map(({ type, cause: why, n }): LifeEvent => {
  switch (type) {
    case 'given-back':
      return { type, cause: why, detail }
    case 'refused':
      return { type, cause: why, detail }
    case 'closed':
      return { type, cause: why, detail }
    case 'over':
      return { type, cause: why, detail }
    case 'postponed':
      return { type, until: n === 0 ? undefined : 5 }
    case 'restoring':
      return { type, for: n === 0 ? 'recovery' : 'pairing' }
    case 'abandoned':
      return { type, cause: n === 0 ? 'timeout' : 'cancelled' }
    case 'stalled':
      return { type, stalled: n === 0 }
    case 'owner':
      return { type, cause: n === 0 ? 'replaced' : 'owned-elsewhere', detail }
    case 'ended':
      return { type, of: n === 0 ? 'ending' : 'closing' }
    case 'taken':
    case 'connect':
    case 'pair':
    case 'due':
    case 'stored':
    case 'admitted':
    case 'opened':
    case 'stop':
      return { type }
  }
})
const moment = record({
  event,
  passed: constantFrom(0, 10, 1_000, 60_000, 400_000),
  unpaired: integer({ min: 0, max: 9 }),
  unstored: integer({ min: 0, max: 3 }),
  random: constantFrom(0, 0.5, 0.999),
})

/** Whether somebody is bound to go on with the session, or it says why nobody is. */
function isAccountedFor({ doing, charge, pairing, cause: why, state }: Life): boolean {
  switch (doing.kind) {
    case 'resting':
      return why !== undefined || state === 'idle' || state === 'closed'
    case 'given':
      return charge || pairing
    case 'waiting':
    case 'queueing':
    case 'storing':
    case 'connecting':
    case 'online':
    case 'asking':
    case 'ending':
    case 'closing':
      return true
  }
}

function expectBounded(logins: readonly number[]): void {
  const most = logins.map((at) => logins.filter((other) => other > at - HOUR && other <= at).length)
  expect(Math.max(0, ...most)).toBeLessThanOrEqual(SETTINGS.loginsPerHour)
}

const VISIBLE: Record<Life['doing']['kind'], readonly Life['state'][]> = {
  resting: ['idle', 'closed', 'failed', 'needs-pairing', 'banned', 'conflict'],
  given: ['queued', 'restoring', 'reconnecting'],
  waiting: ['reconnecting'],
  queueing: ['reconnecting', 'connecting'],
  storing: ['reconnecting'],
  connecting: ['connecting', 'pairing'],
  online: ['online'],
  asking: ['reconnecting'],
  ending: ['restoring', 'pairing', 'connecting', 'online', 'reconnecting'],
  closing: ['closing'],
}

test('whatever happens: no illegal transition, no lost session, no unbounded retry', () => {
  assert(
    property(array(moment, { maxLength: 400 }), (moments) => {
      const world = new World()
      for (const { event: what, passed, unpaired, unstored, random } of moments) {
        world.now += passed
        Object.assign(world, { unpaired: unpaired === 0, unstored: unstored === 0, random })
        world.take(what)
        const { life } = world
        expect(isAccountedFor(life)).toBe(true)
        expect(VISIBLE[life.doing.kind]).toContain(life.state)
        expect(life.state === 'online' ? [undefined, 'stalled'] : CAUSES_OR_NONE).toContain(
          life.cause,
        )
        // A wait that never ends is no wait.
        expect(life.doing.kind !== 'waiting' || life.doing.until <= world.now + HOUR).toBe(true)
        expect(life.history.length).toBeLessThanOrEqual(20)
      }
      expectBounded(world.logins)
    }),
    { numRuns: 1_000 },
  )
})

test('restarts count too, also where a connection that stood forgives the ones before', () => {
  const world = new World({ ...SETTINGS, flapCount: Infinity }).online()
  for (const end = world.now + 24 * HOUR; world.now < end;) {
    for (const stood of [61_000, 0, 0, 0]) {
      world.now += stood
      world.closed('restart-required').comeBack()
    }
  }
  expectBounded(world.logins)
})

test('a session that fails in every way for a day tries seldom, and never stops trying', () => {
  assert(
    property(
      array(
        constantFrom<CauseId[]>('connection-lost', 'restart-required', 'unavailable', 'timeout'),
        { minLength: 1, maxLength: 5 },
      ),
      array(constantFrom(0, 1_000, 61_000, 400_000), { minLength: 1, maxLength: 6 }),
      (causes, stands) => {
        const world = new World().online()
        const end = world.now + 24 * HOUR
        for (let n = 0; world.now < end; n++) {
          world.closed(causes[n % causes.length] ?? 'timeout')
          const { doing } = world.life
          expect(['waiting', 'queueing']).toContain(doing.kind)
          world.comeBack()
          world.now += stands[n % stands.length] ?? 0
        }
        for (const at of world.logins)
          expect(
            world.logins.filter((other) => other > at - HOUR && other <= at).length,
          ).toBeLessThanOrEqual(SETTINGS.loginsPerHour)
      },
    ),
    { numRuns: 50 },
  )
})
