import { expect, test } from 'vitest'
import type { FleetConnection, FleetDirectory, PublishedSession } from '../../../src/fleet/port.ts'
import { FleetPublisher } from '../../../src/fleet/publisher.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { eventually } from '../../support/gateway.ts'
import { published } from './session.ts'

/** A directory in memory that can be away, refuse, lose connections, and hang. */
class FakeDirectory implements FleetDirectory {
  readonly label = 'fake:5432/fleet'
  readonly rows = new Map<string, PublishedSession>()
  state: 'up' | 'away' | 'refuses' | 'hangs' = 'up'
  beats = 0
  puts = 0
  connects = 0
  open = 0
  left = false
  lose: () => void = () => undefined

  async connect(_: 'read' | 'write', signal?: AbortSignal): Promise<FleetConnection> {
    this.connects++
    await this.#answer(signal)
    this.open++
    return {
      publish: async (_report, sessions, gone) => {
        await this.#answer(signal)
        this.beats++
        this.puts += sessions.length
        for (const session of sessions) this.rows.set(session.id, session)
        for (const id of gone) this.rows.delete(id)
        return { taken: [], superseded: false }
      },
      leave: async () => {
        await this.#answer(signal)
        this.left = true
      },
      workers: async () => [],
      sessions: async () => [],
      onLost: (listener) => {
        this.lose = listener
      },
      close: async () => void this.open--,
    }
  }

  async #answer(signal?: AbortSignal): Promise<void> {
    if (this.state === 'hangs')
      await new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new Error('cut off')), { once: true })
      })
    if (this.state === 'up') return
    const code = this.state === 'away' ? 'fleet.unreachable' : 'fleet.refused'
    throw new GatewayError({ code, message: `it ${this.state}` })
  }
}

function world() {
  const directory = new FakeDirectory()
  const sessions = [published('a'), published('b')]
  const troubles: string[] = []
  const waits: number[] = []
  let connected = 0
  /** Resolves the wait that is under way. */
  let skip = () => {}
  const publisher = new FleetPublisher(directory, {
    report: () => ({
      worker: 'w',
      boot: 'b',
      version: '1',
      host: 'h',
      upMs: 1,
      ready: true,
      counts: {},
    }),
    sessions: () => sessions,
    onConnected: () => void connected++,
    onTrouble: ({ message }) => void troubles.push(message),
    random: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        waits.push(ms)
        skip = resolve
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
      }),
  })
  return {
    directory,
    sessions,
    troubles,
    waits,
    publisher,
    connected: () => connected,
    pass: () => skip(),
  }
}

const until = (what: string, look: () => boolean) => eventually(what, () => look() || undefined)

test('it publishes, then only what changes, and says goodbye', async () => {
  const { directory, sessions, publisher, waits, pass } = world()
  publisher.start()
  await until('the first rows', () => directory.rows.size === 2 && waits.length === 1)
  expect(publisher.view()).toMatchObject({ state: 'connected', waiting: 0 })
  sessions[0] = published('a', { desired: 'paused' })
  expect(publisher.view().waiting).toBe(1)
  publisher.wake()
  await until('the gathering', () => waits.length === 2)
  expect(directory.puts).toBe(2)
  pass()
  await until('the change', () => directory.rows.get('a')?.desired === 'paused')
  expect(directory.puts).toBe(3)
  sessions.pop()
  await publisher.stop(1_000)
  expect([...directory.rows.keys()]).toEqual(['a'])
  expect(directory).toMatchObject({ left: true, open: 0 })
})

test('a failure is told once, tried again ever later, and everything is published anew', async () => {
  const { directory, publisher, troubles, waits, pass, connected } = world()
  directory.state = 'away'
  publisher.start()
  for (let n = 1; n <= 4; n++) {
    await until(`try ${n}`, () => waits.length === n)
    pass()
  }
  await until('another wait', () => waits.length === 5)
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000])
  expect(troubles).toEqual(['it away'])
  expect(publisher.view()).toMatchObject({ state: 'away', detail: 'it away', waiting: 2 })
  directory.state = 'up'
  pass()
  await until('the rows', () => directory.rows.size === 2)
  expect(publisher.view().state).toBe('connected')
  expect(publisher.view()).not.toHaveProperty('detail')
  // It comes back as an earlier state of itself.
  directory.rows.clear()
  await until('the beat', () => waits.length === 6)
  directory.lose()
  await until('the failure', () => publisher.view().state === 'away' && waits.length === 7)
  expect(waits.at(-1)).toBe(500)
  pass()
  await until('the rows again', () => directory.rows.size === 2)
  expect(troubles).toEqual(['it away', 'the fleet directory fake:5432/fleet ended the connection'])
  expect(connected()).toBe(2)
  await publisher.stop(1_000)
  expect(directory.open).toBe(0)
})

test('a refusal waits longer, and is told of as one', async () => {
  const { directory, publisher, waits } = world()
  directory.state = 'refuses'
  publisher.start()
  await until('the wait', () => waits.length === 1)
  expect(waits).toEqual([7_500])
  expect(publisher.view().state).toBe('refused')
  await publisher.stop(1_000)
})

test.each(['while it connects', 'while it publishes'])(
  'a stop cuts off what hangs %s',
  async (when) => {
    const { directory, publisher, waits } = world()
    if (when === 'while it connects') directory.state = 'hangs'
    publisher.start()
    if (when === 'while it connects') await until('the try', () => directory.connects === 1)
    else await until('the beat', () => waits.length === 1)
    directory.state = 'hangs'
    await publisher.stop(1)
    expect(directory).toMatchObject({ left: false, open: 0 })
  },
)
