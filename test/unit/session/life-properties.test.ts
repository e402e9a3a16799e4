import { array, assert, constantFrom, integer, property, record, type Arbitrary } from 'fast-check'
import { expect, test } from 'vitest'
import { CAUSES, type CauseId } from '../../../src/session/cause.ts'
import type { Life, LifeEvent } from '../../../src/session/life.ts'
import { HOUR, LIFE_SETTINGS, LifeWorld } from '../../support/life-world.ts'

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
  expect(Math.max(0, ...most)).toBeLessThanOrEqual(LIFE_SETTINGS.loginsPerHour)
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
      const world = new LifeWorld()
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
  const world = new LifeWorld({ ...LIFE_SETTINGS, flapCount: Infinity }).online()
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
        const world = new LifeWorld().online()
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
          ).toBeLessThanOrEqual(LIFE_SETTINGS.loginsPerHour)
      },
    ),
    { numRuns: 50 },
  )
})
