import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { startFakeDaemon, TOKEN, type FakeDaemon } from '../../support/fake-daemon.ts'
import { VERSION } from '../../support/fake-methods.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

describe('TCP', () => {
  const get = (path: string, authorization?: string) =>
    fetch(`${daemon.httpUrl}${path}`, authorization ? { headers: { authorization } } : {})

  test.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['an empty one', 'Bearer '],
    ['another scheme', `Basic ${TOKEN}`],
    ['one that begins alike', `Bearer ${TOKEN}x`],
  ])('token: %s is refused', async (_, authorization) => {
    const reply = await get('/v1/status', authorization)
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toBe('Bearer')
    const text = await reply.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'daemon.permission' } })
    expect(text).not.toContain(TOKEN)
    expect(daemon.calls).toEqual([])
  })

  test('without the token not even the paths that exist can be told', async () => {
    expect((await get('/v1/nothing')).status).toBe(401)
    expect((await get('/v1/nothing', `Bearer ${TOKEN}`)).status).toBe(404)
  })

  test('the client works over TCP with the token', async () => {
    const remote = new ControlClient({
      target: { url: daemon.httpUrl, token: TOKEN },
      version: VERSION,
    })
    expect(await remote.call('session.qr', { session: 'anna' })).toMatchObject({ qr: '2@first' })
    await remote.close()
  })

  test.each(['import', 'export'])('no account is moved over TCP: %s', async (what) => {
    const reply = await fetch(`${daemon.httpUrl}/v1/sessions/anna/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(what === 'import' ? { state: 'AAAA' } : { confirm: 'anna' }),
    })
    expect(reply.status).toBe(403)
    expect(await reply.json()).toMatchObject({ error: { code: 'daemon.permission' } })
    expect(daemon.calls).toEqual([])
  })

  test('health needs no token, and keeps its reasons from those without one', async () => {
    for (const path of ['/livez', '/readyz']) {
      const reply = await get(path)
      expect([reply.status, await reply.text()]).toEqual([200, 'ok\n'])
    }
    daemon.checks = [{ name: 'store', failure: 's3 minio.internal is away' }, { name: 'registry' }]
    const reply = await get('/readyz')
    expect(reply.status).toBe(503)
    expect(await reply.text()).toBe(
      '[-]store failed: reason withheld\n[+]registry ok\nreadyz check failed\n',
    )
    const told = await get('/readyz', `Bearer ${TOKEN}`)
    expect(await told.text()).toContain('[-]store failed: s3 minio.internal is away\n')
    expect(await (await get('/readyz', 'Bearer wrong')).text()).toContain('reason withheld')
  })

  test('verbose health lists every check', async () => {
    const reply = await get('/readyz?verbose')
    expect(await reply.text()).toBe('[+]store ok\nreadyz check passed\n')
  })

  test('metrics need the token', async () => {
    expect((await get('/metrics')).status).toBe(401)
    const reply = await get('/metrics', `Bearer ${TOKEN}`)
    expect(reply.headers.get('content-type')).toContain('version=0.0.4')
    expect(await reply.text()).toBe('up 1\n')
  })

  test('every reply names the version', async () => {
    for (const path of ['/livez', '/v1/status', '/v1/nothing'])
      expect((await get(path)).headers.get('wa-gateway-version')).toBe(VERSION)
  })
})
