import { expect, test } from 'vitest'
import { LifeWorld } from '../../support/life-world.ts'

test('what was tried is remembered with its beginning and its length', () => {
  const world = new LifeWorld().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
  world.now += 100
  const called = world.now
  world.take({ type: 'connect' })
  world.now += 20
  const opened = world.now
  world.take({ type: 'opened' })
  world.now += 3
  world.take({ type: 'over', cause: 'shutdown', detail: '' })
  expect(world.life.history).toMatchObject([
    { what: 'login', at: called, ms: 20, outcome: 'online' },
    { what: 'online', at: opened, ms: 3, outcome: 'failed', cause: 'shutdown' },
  ])
})

test('what ends before a connection is made leaves nothing to remember', () => {
  const world = new LifeWorld().take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
  world.take({ type: 'over', cause: 'shutdown', detail: '' })
  expect(world.life).toMatchObject({ history: [], doing: { kind: 'ending', cause: 'shutdown' } })
})

test('a session that rests waits longer each time for the next recovery, anew after it stood', () => {
  const world = new LifeWorld()
  const waits: number[] = []
  const fail = () => {
    world.take({ type: 'taken' }, { type: 'restoring', for: 'recovery' })
    world.take({ type: 'refused', cause: 'store-unavailable', detail: '' })
    world.take({ type: 'given-back', cause: 'store-unavailable', detail: '' })
    const { doing } = world.life
    if (doing.kind === 'resting' && doing.retryAt !== undefined)
      waits.push(doing.retryAt - world.now)
  }
  for (let n = 0; n < 3; n++) fail()
  world.online()
  world.now += 60_000
  world.closed('connection-lost').take({ type: 'over', cause: 'store-unavailable', detail: '' })
  world.ended()
  fail()
  // The end of the connection counts as one.
  expect(waits).toEqual([22_500, 45_000, 90_000, 45_000])
})
