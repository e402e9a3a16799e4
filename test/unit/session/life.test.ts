import { describe, expect, test } from 'vitest'
import { CAUSES, type CauseId } from '../../../src/session/cause.ts'
import { isFlapping } from '../../../src/session/restraint.ts'
import { LIFE_SETTINGS, LifeWorld } from '../../support/life-world.ts'

const detail = 'seen'

describe('what a disconnect leads to', () => {
  const heals = Object.keys(CAUSES).filter((id) => CAUSES[id as CauseId].action === 'backoff')
  test.each(heals as CauseId[])('%s: it waits, and tries again in its turn', (cause) => {
    const world = new LifeWorld().online().closed(cause)
    expect(world.life).toMatchObject({ state: 'reconnecting', cause, doing: { kind: 'waiting' } })
    world.comeBack()
    expect(world.life).toMatchObject({ state: 'online', cause: undefined })
  })

  const stops = Object.keys(CAUSES).filter((id) => CAUSES[id as CauseId].action === 'stop')
  test.each(stops as CauseId[])('%s: it stops', (cause) => {
    const world = new LifeWorld().online().closed(cause)
    expect(world.life).toMatchObject({ state: 'online', doing: { kind: 'ending' } })
    world.ended()
    expect(world.life).toMatchObject({ cause, doing: { kind: 'resting' } })
    expect(world.life.state).not.toBe('online')
  })

  test('replaced: the owner record is asked, and whatever it says the session rests', () => {
    for (const cause of ['replaced', 'owned-elsewhere'] as const) {
      const world = new LifeWorld().online().closed('replaced')
      expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'asking' } })
      world.take({ type: 'owner', cause, detail: 'theirs' }).ended()
      expect(world.life).toMatchObject({ state: 'conflict', cause, detail: 'theirs' })
    }
  })

  test('replaced by another worker, which is told only later: it tries again as if told at once', () => {
    const theirs = { type: 'over', cause: 'owned-elsewhere', detail: 'theirs' } as const
    const unread = { type: 'owner', cause: 'replaced', detail: 'nobody answers' } as const
    const resting = new LifeWorld().online().closed('replaced').take(unread).ended()
    expect(resting.life.doing).toEqual({ kind: 'resting' })
    const ending = new LifeWorld().online().closed('replaced').take(unread)
    for (const world of [resting.take(theirs), ending.take(theirs).ended()])
      expect(world.life).toMatchObject({
        state: 'conflict',
        cause: 'owned-elsewhere',
        detail: 'theirs',
        doing: { kind: 'resting', retryAt: expect.any(Number) },
      })
  })

  test('a restart that WhatsApp asks for is followed at once, three times at most', () => {
    const world = new LifeWorld().online()
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
  const world = new LifeWorld().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
  world.take({ type: 'connect' }).closed('unreachable')
  expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'given' } })
  world.take({ type: 'given-back', cause: 'unreachable', detail: '' })
  expect(world.life).toMatchObject({ state: 'reconnecting', doing: { kind: 'waiting' } })
  world.take({ type: 'taken' })
  expect(world.life.doing.kind).toBe('given')
})

test('a recovery that was cancelled before its turn leaves a session that rests with a cause', () => {
  const world = new LifeWorld().take({ type: 'taken' })
  expect(world.life.state).toBe('queued')
  world.take({ type: 'given-back', cause: 'cancelled', detail: 'cancelled' })
  expect(world.life).toMatchObject({ state: 'failed', cause: 'cancelled' })
  expect(world.life.doing).toMatchObject({ kind: 'resting' })
})

test('a session that waits for its changes connects when they are stored', () => {
  const world = new LifeWorld().online().closed('connection-lost')
  world.unstored = true
  world.now += 60_000
  world.take({ type: 'due' })
  expect(world.life).toMatchObject({ cause: 'stalled', doing: { kind: 'storing' } })
  world.unstored = false
  world.take({ type: 'stored' }, { type: 'admitted' }, { type: 'opened' })
  expect(world.life.state).toBe('online')
})

test('waits grow, and begin anew only after a connection that stood for a while', () => {
  const world = new LifeWorld().online()
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
  const world = new LifeWorld().online()
  for (let n = 0; n < 5; n++) {
    world.now += 70_000
    expect(isFlapping(world.life.restraint, LIFE_SETTINGS, world.now)).toBe(false)
    world.closed('connection-lost')
    if (n < 4) world.comeBack()
  }
  expect(isFlapping(world.life.restraint, LIFE_SETTINGS, world.now)).toBe(true)
  const { doing } = world.life
  expect(doing.kind === 'waiting' && doing.until - world.now).toBeGreaterThanOrEqual(30_000)
  world.now += 900_000
  expect(isFlapping(world.life.restraint, LIFE_SETTINGS, world.now)).toBe(false)
})

test('a half-made pairing that fails is over; a phone that linked it is followed by a restart', () => {
  const half = new LifeWorld()
  half.unpaired = true
  half.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' }).closed('connection-lost')
  expect(half.ended().life).toMatchObject({ state: 'failed', cause: 'connection-lost' })

  const late = new LifeWorld()
  late.unpaired = true
  late.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' })
  late.take({ type: 'abandoned', cause: 'timeout' })
  expect(late.ended().life).toMatchObject({ state: 'needs-pairing', cause: 'pairing-expired' })

  const linked = new LifeWorld()
  linked.unpaired = true
  linked.take({ type: 'restoring', for: 'pairing' }, { type: 'pair' })
  linked.unpaired = false
  linked.closed('restart-required').take({ type: 'admitted' }, { type: 'opened' })
  expect(linked.life).toMatchObject({ state: 'online', pairing: false })
})

test('a recovery keeps out of a pairing', () => {
  const world = new LifeWorld().take({ type: 'restoring', for: 'pairing' })
  const before = world.life
  expect(world.take({ type: 'taken' }).life).toBe(before)
})

test('what was tried is remembered, with why it failed', () => {
  const world = new LifeWorld().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
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
