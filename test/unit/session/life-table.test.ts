import { describe, expect, test } from 'vitest'
import type { LifeEvent } from '../../../src/session/life.ts'
import { LifeWorld } from '../../support/life-world.ts'

const detail = 'seen'
const EVENTS: Record<string, LifeEvent> = {
  taken: { type: 'taken' },
  'given-back': { type: 'given-back', cause: 'unreachable', detail },
  postponed: { type: 'postponed', until: 5 },
  recovery: { type: 'restoring', for: 'recovery' },
  pairing: { type: 'restoring', for: 'pairing' },
  refused: { type: 'refused', cause: 'store-unavailable', detail },
  connect: { type: 'connect' },
  pair: { type: 'pair' },
  due: { type: 'due' },
  stored: { type: 'stored' },
  admitted: { type: 'admitted' },
  opened: { type: 'opened' },
  lost: { type: 'closed', cause: 'connection-lost', detail },
  'logged-out': { type: 'closed', cause: 'logged-out', detail },
  timeout: { type: 'abandoned', cause: 'timeout' },
  stalled: { type: 'stalled', stalled: true },
  owner: { type: 'owner', cause: 'owned-elsewhere', detail },
  over: { type: 'over', cause: 'shutdown', detail },
  stop: { type: 'stop' },
  ended: { type: 'ended', of: 'ending' },
  closed: { type: 'ended', of: 'closing' },
}
const lost = (): LifeWorld => new LifeWorld().online().closed('connection-lost')
const at = (name: string, world: LifeWorld): LifeWorld => {
  const event = EVENTS[name]
  return event ? world.take(event) : world
}
const overdue = (world: LifeWorld): LifeWorld => {
  world.now += 3_600_000
  return world.take({ type: 'due' })
}
const SITUATIONS: Record<string, () => LifeWorld> = {
  new: () => new LifeWorld(),
  queued: () => at('taken', new LifeWorld()),
  'restored for a recovery': () => at('recovery', at('taken', new LifeWorld())),
  'restored for a pairing': () => at('pairing', new LifeWorld()),
  'logging in for a recovery': () => at('connect', at('recovery', at('taken', new LifeWorld()))),
  'logging in for a pairing': () => at('pair', at('pairing', new LifeWorld())),
  online: () => new LifeWorld().online(),
  'between two attempts of a recovery': () =>
    at('lost', at('connect', at('recovery', at('taken', new LifeWorld())))),
  waiting: lost,
  'waiting for storage': () => overdue(Object.assign(lost(), { unstored: true })),
  'waiting for its turn': () => overdue(lost()),
  'restarting at once': () => new LifeWorld().online().closed('restart-required'),
  'asking for the owner': () => new LifeWorld().online().closed('replaced'),
  ending: () => at('logged-out', new LifeWorld().online()),
  'resting with a failure': () => at('ended', at('logged-out', new LifeWorld().online())),
  closing: () => at('stop', new LifeWorld().online()),
  closed: () => at('closed', at('stop', new LifeWorld().online())),
}

/** What each event makes of a session; what is not listed leaves the very same life. */
const TABLE: Record<string, Record<string, string>> = {
  new: {
    taken: 'queued: given, in charge, new',
    pairing: 'restoring: given, pairing, new',
    stop: 'closing: closing, new',
  },
  queued: {
    taken: 'queued: given, in charge',
    'given-back': 'failed: resting, unreachable, tried again, new',
    postponed: 'queued: given, in charge',
    recovery: 'restoring: given, in charge, new',
    refused: 'failed: resting, store-unavailable, in charge, new',
    stop: 'closing: closing, new',
  },
  'restored for a recovery': {
    taken: 'restoring: given, in charge',
    'given-back': 'failed: resting, unreachable, tried again, new',
    postponed: 'restoring: given, in charge',
    recovery: 'restoring: given, in charge',
    refused: 'failed: resting, store-unavailable, in charge, new',
    connect: 'connecting: connecting, in charge, new',
    over: 'restoring: ending, in charge',
    stop: 'closing: closing, new',
  },
  'restored for a pairing': {
    postponed: 'restoring: given, pairing',
    refused: 'failed: resting, store-unavailable, tried again, new',
    connect: 'connecting: connecting, pairing, new',
    pair: 'connecting: connecting, pairing, new',
    over: 'restoring: ending, pairing',
    stop: 'closing: closing, new',
  },
  'logging in for a recovery': {
    taken: 'connecting: connecting, in charge',
    'given-back': 'connecting: connecting',
    opened: 'online: online, in charge, new',
    lost: 'reconnecting: given, connection-lost, in charge, new',
    'logged-out': 'connecting: ending, in charge',
    timeout: 'reconnecting: given, timeout, in charge, new',
    over: 'connecting: ending, in charge',
    stop: 'closing: closing, new',
  },
  'logging in for a pairing': {
    opened: 'online: online, new',
    lost: 'reconnecting: waiting, connection-lost, new',
    'logged-out': 'connecting: ending, pairing',
    timeout: 'reconnecting: waiting, timeout, new',
    over: 'connecting: ending, pairing',
    stop: 'closing: closing, new',
  },
  online: {
    taken: 'online: online, in charge',
    lost: 'reconnecting: waiting, connection-lost, new',
    'logged-out': 'online: ending',
    stalled: 'online: online, stalled',
    over: 'online: ending',
    stop: 'closing: closing, new',
  },
  'between two attempts of a recovery': {
    taken: 'reconnecting: given, connection-lost, in charge',
    'given-back': 'reconnecting: waiting, connection-lost',
    postponed: 'reconnecting: given, connection-lost, in charge',
    refused: 'failed: resting, store-unavailable, in charge, new',
    connect: 'connecting: connecting, in charge, new',
    over: 'reconnecting: ending, connection-lost, in charge',
    stop: 'closing: closing, new',
  },
  waiting: {
    taken: 'reconnecting: given, connection-lost, in charge',
    connect: 'connecting: connecting, new',
    due: 'reconnecting: waiting, connection-lost',
    over: 'reconnecting: ending, connection-lost',
    stop: 'closing: closing, new',
  },
  'waiting for storage': {
    taken: 'reconnecting: given, stalled, in charge',
    connect: 'connecting: connecting, new',
    stored: 'reconnecting: queueing, stalled',
    over: 'reconnecting: ending, stalled',
    stop: 'closing: closing, new',
  },
  'waiting for its turn': {
    taken: 'reconnecting: given, connection-lost, in charge',
    connect: 'connecting: connecting, new',
    admitted: 'connecting: connecting, new',
    over: 'reconnecting: ending, connection-lost',
    stop: 'closing: closing, new',
  },
  'restarting at once': {
    taken: 'connecting: queueing at once, in charge',
    admitted: 'connecting: connecting',
    timeout: 'reconnecting: waiting, timeout, new',
    over: 'connecting: ending',
    stop: 'closing: closing, new',
  },
  'asking for the owner': {
    taken: 'reconnecting: asking, replaced, in charge',
    timeout: 'reconnecting: ending, replaced',
    owner: 'reconnecting: ending, replaced',
    over: 'reconnecting: ending, replaced',
    stop: 'closing: closing, new',
  },
  ending: {
    taken: 'online: ending, in charge',
    stop: 'closing: closing, new',
    ended: 'needs-pairing: resting, logged-out, new',
  },
  'resting with a failure': {
    taken: 'queued: given, in charge, new',
    pairing: 'restoring: given, pairing, new',
    stop: 'closing: closing, new',
  },
  closing: {
    taken: 'closing: closing, in charge',
    closed: 'closed: resting, new',
  },
  closed: {
    taken: 'queued: given, in charge, new',
    pairing: 'restoring: given, pairing, new',
  },
}

describe('a session that is', () => {
  test.each(Object.entries(SITUATIONS))('%s', (name, make) => {
    const becomes: Record<string, string> = {}
    for (const event of Object.keys(EVENTS)) {
      const world = make()
      const { life } = world
      world.now += 100
      const { state, doing, cause, charge, pairing, since } = at(event, world).life
      if (world.life === life) continue
      const retried = 'retryAt' in doing && 'tried again'
      const notes = [
        cause,
        retried,
        charge && 'in charge',
        pairing && 'pairing',
        since === world.now && 'new',
      ]
      const more = 'urgent' in doing && doing.urgent ? ' at once' : ''
      becomes[event] = [`${state}: ${doing.kind}${more}`, ...notes.filter(Boolean)].join(', ')
    }
    expect(becomes).toEqual(TABLE[name])
  })
})
