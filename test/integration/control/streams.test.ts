import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { collect } from '../../support/collect.ts'
import { failure } from '../../support/failure.ts'
import { startFakeDaemon, TOKEN, type FakeDaemon } from '../../support/fake-daemon.ts'
import { session, VERSION } from '../../support/fake-methods.ts'

let daemon: FakeDaemon
let client: ControlClient

beforeEach(async () => {
  daemon = await startFakeDaemon()
  client = new ControlClient({ target: { socketPath: daemon.socketPath }, version: VERSION })
})
afterEach(async () => {
  await client.close()
  await daemon.close()
})

describe('streams', () => {
  test('events arrive in order and the last one ends it', async () => {
    const events = await collect(client.stream('session.pair', { session: 'carl' }))
    expect(events.map((e) => e.type)).toEqual(['state', 'qr', 'qr', 'state', 'result'])
  })

  test('an error before the first event has an HTTP status, later it is the last line', async () => {
    const early = collect(client.stream('recover', { sessions: ['nobody'] }))
    expect(await failure(early)).toMatchObject({ code: 'session.unknown' })
    daemon.methods['session.pair'] = async (_, { emit }) => {
      emit({ type: 'qr', qr: '2@x' })
      throw new GatewayError({ code: 'session.timeout', message: 'nobody scanned', hint: 'again' })
    }
    const seen: string[] = []
    const late = (async () => {
      for await (const e of client.stream('session.pair', { session: 'carl' })) seen.push(e.type)
    })()
    expect(await failure(late)).toMatchObject({ code: 'session.timeout', hint: 'again' })
    expect(seen).toEqual(['qr'])
  })

  test('leaving aborts the handler`s signal, and what it emits later goes nowhere', async () => {
    const done = Promise.withResolvers<string>()
    daemon.methods.recover = async (_, { emit, signal }) => {
      emit({ type: 'begin', total: 1 })
      await new Promise((gone) => signal.addEventListener('abort', gone, { once: true }))
      emit({ type: 'end', results: [] })
      done.resolve('went on')
    }
    for await (const event of client.stream('recover', { all: true })) {
      expect(event.type).toBe('begin')
      break
    }
    expect(await done.promise).toBe('went on')
  })

  test('the reason of the caller`s signal is what is thrown', async () => {
    const abort = new AbortController()
    const reason = new GatewayError({ code: 'interrupted', message: 'stop' })
    const reading = (async () => {
      for await (const _ of client.stream('events', {}, abort.signal)) abort.abort(reason)
    })()
    expect(await failure(reading)).toBe(reason)
  })

  test('events follows one session when told to', async () => {
    for await (const event of client.stream('events', { session: 'ben' })) {
      expect(event).toMatchObject({ type: 'session', view: { id: 'ben' } })
      break
    }
  })

  test('a reader that is too slow is cut off and told so', async () => {
    const gone = Promise.withResolvers<void>()
    const view = session('big', { detail: 'x'.repeat(100_000) })
    daemon.methods.events = async (_, { emit, signal }) => {
      for (let n = 0; n < 200 && !signal.aborted; n++) emit({ type: 'session', view })
      gone.resolve()
    }
    const stream = client.stream('events', {})
    expect(await stream.next()).toMatchObject({ done: false })
    await gone.promise
    const rest = collect(stream)
    expect(await failure(rest)).toMatchObject({ code: 'daemon.protocol' })
  })

  test('an event outside the schema ends the stream instead of leaving the daemon', async () => {
    daemon.methods['session.pair'] = async (_, { emit }) => {
      emit({ type: 'qr', qr: '2@x', noiseKey: 'secret' } as { type: 'qr'; qr: string })
      emit({ type: 'keys' } as never)
    }
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const e of client.stream('session.pair', { session: 'x' })) seen.push(e)
    })()
    expect(await failure(reading)).toMatchObject({ code: 'internal' })
    expect(seen).toEqual([{ type: 'qr', qr: '2@x' }])
  })

  test('a stream that ends without its last event broke off', async () => {
    daemon.methods.recover = async (_, { emit }) => emit({ type: 'begin', total: 1 })
    expect(await failure(collect(client.stream('recover', { all: true })))).toMatchObject({
      code: 'daemon.unreachable',
      message: expect.stringMatching(/broke off/) as unknown,
    })
  })

  test('a daemon that stops ends its streams with the reason', async () => {
    const reading = (async () => {
      for await (const _ of client.stream('events', {})) void daemon.close()
    })()
    expect(await failure(reading)).toMatchObject({
      code: 'daemon.unreachable',
      message: 'the daemon is stopping',
    })
  })
})

describe('heartbeats', () => {
  const silent = (fake: FakeDaemon, until: Promise<void>) => {
    fake.methods.recover = async (_, { emit }) => {
      await until
      emit({ type: 'end', results: [] })
    }
  }

  test('tell that a silent operation goes on', async () => {
    await using quick = await startFakeDaemon(VERSION, 10)
    const end = Promise.withResolvers<void>()
    silent(quick, end.promise)
    const reply = await fetch(`${quick.httpUrl}/v1/recover`, {
      method: 'POST',
      body: '{"all":true}',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    })
    let text = ''
    for await (const chunk of reply.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.length >= 5) end.resolve()
    }
    expect(text).toMatch(/^\n{5,}\{"type":"end","results":\[\]\}\n$/)
  })

  test('are skipped by the client, and missed when they stay away', async () => {
    await using quick = await startFakeDaemon(VERSION, 10)
    silent(quick, new Promise((later) => setTimeout(later, 100)))
    const patient = new ControlClient({
      target: { socketPath: quick.socketPath },
      version: VERSION,
    })
    expect(await collect(patient.stream('recover', { all: true }))).toHaveLength(1)
    await patient.close()
    await using still = await startFakeDaemon(VERSION, 1_000_000)
    const impatient = new ControlClient({
      target: { socketPath: still.socketPath },
      version: VERSION,
      patienceMs: 100,
    })
    const events = impatient.stream('events', {})
    const error = await failure(collect(events))
    expect(error.message).toMatch(/does not answer/)
    await impatient.close()
  })
})
