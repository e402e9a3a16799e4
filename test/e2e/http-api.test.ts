import { expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { eventually } from '../support/gateway.ts'
import { openStage } from '../support/stage.ts'

const TOKEN = 'the-token-of-the-http-api'

test('the manual test over HTTP: create, scan, send, restart, and it is back', async () => {
  const port = await freePort()
  const stage = await openStage({
    sessions: 1,
    env: { WA_GATEWAY_HTTP: `127.0.0.1:${port}`, WA_GATEWAY_HTTP_TOKEN: TOKEN },
  })
  const call = async (method: string, path: string, body?: object, token = TOKEN) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const [id = ''] = stage.ids
  await stage.start()
  for (const token of ['', 'wrong', `${TOKEN}x`]) {
    const refused = await call('POST', '/v1/sessions', { id }, token)
    expect(refused.status).toBe(401)
    expect(JSON.stringify(refused.body)).not.toContain(TOKEN)
  }
  expect((await call('GET', '/v1/sessions')).body).toEqual({ sessions: [] })

  expect((await call('POST', '/v1/sessions', { id })).status).toBe(200)
  const qr = await eventually('a QR', async () => {
    const { body } = await call('GET', `/v1/sessions/${id}/qr`)
    return typeof body['qr'] === 'string' ? body['qr'] : undefined
  })
  await stage.simulator.phone(stage.phoneOf(id)).scan(qr)
  await stage.gateway.untilOnline([id])
  const friend = stage.simulator.contact(stage.friendOf(id))
  const message = { to: friend.user, text: 'over HTTP' }
  const sent = await call('POST', `/v1/sessions/${id}/messages`, message)
  expect(sent).toMatchObject({ status: 200, body: { status: 'sent' } })
  await friend.waitFor('over HTTP')

  expect(await stage.gateway.stop()).toBe(0)
  await stage.startOnline()
  const again = { to: friend.user, text: 'after the restart' }
  expect((await call('POST', `/v1/sessions/${id}/messages`, again)).status).toBe(200)
  await friend.waitFor('after the restart')
  stage.expectNoHarm()
  expect(stage.output).not.toContain(TOKEN)
}, 120_000)

test('a pairing code through the command line, as JSON', async () => {
  const stage = await openStage({ sessions: 1 })
  await stage.start()
  const [id = ''] = stage.ids
  const phone = stage.phoneOf(id)
  const pairing = stage.runLines('session', 'pair', id, '--code', `+${phone}`, '--json')
  const events: Record<string, unknown>[] = []
  for await (const line of pairing) {
    const event = JSON.parse(line) as Record<string, unknown>
    events.push(event)
    if (event['type'] === 'code')
      await stage.simulator.phone(phone).enterCode(String(event['code']))
  }
  expect(events.map((event) => event['type'])).toEqual(['code', 'result'])
  expect(events.at(-1)).toMatchObject({ outcome: 'paired', phone })
  await stage.gateway.untilOnline([id])
  await stage.exchange('paired by code')
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after the wipe')
  stage.expectNoHarm()
}, 120_000)
