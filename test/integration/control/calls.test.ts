import { setTimeout as sleep } from 'node:timers/promises'
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

describe('calls', () => {
  test('path, query and body arrive as one input', async () => {
    await client.call('session.send', { session: 'anna', to: '491701', text: 'hello' })
    await client.call('session.remove', { session: 'anna', confirm: 'anna' })
    await client.call('backup.list', {})
    expect(daemon.calls).toEqual([
      { method: 'session.send', input: { session: 'anna', to: '491701', text: 'hello' } },
      { method: 'session.remove', input: { session: 'anna', confirm: 'anna' } },
      { method: 'backup.list', input: {} },
    ])
  })

  test('ids with a plus and an at sign survive the path', async () => {
    daemon.sessions.set('a+b@c', session('a+b@c'))
    const shown = await client.call('session.show', { session: 'a+b@c' })
    expect(shown.session.id).toBe('a+b@c')
  })

  test('status has the sessions with their state', async () => {
    const status = await client.call('status', {})
    expect(status.sessions[0]).toMatchObject({ id: 'anna', state: 'online' })
  })

  test('a handler`s error arrives whole', async () => {
    const error = await failure(client.call('session.show', { session: 'nobody' }))
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({
      code: 'session.unknown',
      subject: 'nobody',
      message: `there is no session 'nobody'`,
      hint: 'see `wa-gateway session list`',
    })
    expect(daemon.failures).toEqual([])
  })

  test('what is not a GatewayError becomes internal and is reported for the log', async () => {
    daemon.methods.status = async () => {
      throw new TypeError('boom')
    }
    expect(await failure(client.call('status', {}))).toMatchObject({ code: 'internal' })
    expect(daemon.failures).toEqual(['/v1/status: boom'])
  })

  test('what the stop of the daemon cut off is told as that', async () => {
    daemon.methods['session.pair'] = async () => {
      daemon.stop()
      await sleep(60_000, undefined, { signal: AbortSignal.abort() })
    }
    const pairing = collect(client.stream('session.pair', { session: 'anna' }))
    expect(await failure(pairing)).toMatchObject({ code: 'daemon.stopping', retryable: true })
  })

  test('what is aborted while the daemon runs is not told as its stop', async () => {
    daemon.methods['session.pair'] = () => sleep(60_000, undefined, { signal: AbortSignal.abort() })
    expect(
      await failure(collect(client.stream('session.pair', { session: 'anna' }))),
    ).toMatchObject({ code: 'internal' })
  })

  test('keys that the schema does not name stay in the daemon', async () => {
    daemon.methods['session.list'] = async () => ({
      sessions: [Object.assign(session('anna'), { noiseKey: 'secret' })],
    })
    expect(JSON.stringify(await client.call('session.list', {}))).not.toContain('secret')
  })

  test.each([
    ['recover without a target', '/v1/recover', {}, 'sessions'],
    ['recover with both targets', '/v1/recover', { all: true, sessions: ['a'] }, 'sessions'],
    ['a phone with a plus', '/v1/sessions', { id: 'x', phone: '+49170' }, 'phone'],
    ['a bad id', '/v1/sessions/..%2Fx/pause', {}, 'session'],
    ['a field that does not exist', '/v1/sessions', { id: 'x', fone: '49' }, 'fone'],
  ])('%s is refused with the field`s name', async (_, path, body, field) => {
    const reply = await fetch(`${daemon.httpUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: 'usage', subject: field } })
    expect(daemon.calls).toEqual([])
  })
})
