import { join } from 'node:path'
import { expect, test } from 'vitest'
import { overSocket } from '../support/over-socket.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage, type Stage } from '../support/stage.ts'

function ask(stage: Stage, path: string): Promise<{ status: number; body: string }> {
  return overSocket(join(stage.dir, 'control.sock'), path)
}

async function samples(stage: Stage): Promise<Map<string, number>> {
  const { body } = await ask(stage, '/metrics')
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
  )
}

test('health and metrics follow what happens to a worker', async () => {
  const stage = await openStage({ sessions: 2, env: { WA_GATEWAY_METRICS_PER_SESSION: 'true' } })
  await stage.startPaired()
  await stage.exchange('for the figures')
  expect(await ask(stage, '/livez')).toEqual({ status: 200, body: 'ok\n' })
  expect(await ask(stage, '/readyz?verbose')).toEqual({
    status: 200,
    body: `${['writer-thread', 'registry', 'control-socket', 'store', 'first-recovery', 'shutdown']
      .map((name) => `[+]${name} ok\n`)
      .join('')}readyz check passed\n`,
  })
  await stage.gateway.client.call('session.pause', { session: 'session-1' })
  const seen = await samples(stage)
  expect(Object.fromEntries(seen)).toMatchObject({
    wa_gateway_ready: 1,
    wa_gateway_store_up: 1,
    'wa_gateway_sessions{state="online"}': 1,
    'wa_gateway_sessions{state="closed"}': 1,
    // Each pairing is followed by a restart that WhatsApp asks for.
    wa_gateway_logins_total: 2,
    'wa_gateway_disconnects_total{cause="restart-required"}': 2,
    wa_gateway_messages_received_total: 2,
    'wa_gateway_messages_sent_total{status="sent"}': 2,
    'wa_gateway_session_state{session="session-1",state="closed"}': 1,
    'wa_gateway_session_messages_received_total{session="session-0"}': 1,
  })
  for (const name of [
    'wa_gateway_commit_duration_seconds_count',
    'wa_gateway_last_snapshot_timestamp_seconds',
    'wa_gateway_store_requests_total{operation="get",outcome="absent"}',
    'wa_gateway_store_request_duration_seconds_count{operation="compare_and_swap"}',
    'nodejs_eventloop_lag_p99_seconds',
    'process_cpu_seconds_total',
  ])
    expect(seen.get(name), name).toBeGreaterThan(0)
}, 120_000)

test('recoveries are counted, and a missing piece makes the worker unready but not dead', async () => {
  const { stage, s3 } = await openS3Stage(1)
  await stage.startPaired()
  await stage.gateway.stop('SIGKILL')
  await stage.startOnline()
  const seen = await samples(stage)
  expect(seen.get('wa_gateway_recoveries_total{outcome="recovered",cause="none"}')).toBe(1)
  for (const phase of ['restore', 'connect', 'total'])
    expect(
      seen.get(`wa_gateway_recovery_duration_seconds_count{phase="${phase}"}`),
      phase,
    ).toBeGreaterThan(0)
  // A degraded session changes nothing.
  const phone = stage.simulator.phone(stage.phoneOf('session-0'))
  for (const device of phone.devices) phone.unlink(device)
  await stage.untilState('session-0', 'needs-pairing')
  expect((await ask(stage, '/readyz')).status).toBe(200)

  s3.faults.inject({ fault: { kind: 'reset' } })
  const body = await stage.gateway.eventually('the store to be missed', async () => {
    const reply = await ask(stage, '/readyz')
    return reply.status === 503 ? reply.body : undefined
  })
  expect(body).toMatch(/^\[-\]store failed: .*127\.0\.0\.1/m)
  expect(body).toMatch(/readyz check failed\n$/)
  expect((await ask(stage, '/livez?verbose')).body).toBe(
    '[+]event-loop ok\n[+]writer-thread ok\n[+]supervision ok\nlivez check passed\n',
  )
  expect((await samples(stage)).get('wa_gateway_store_up')).toBe(0)
  s3.faults.clear()
  await stage.gateway.eventually('readiness', async () =>
    (await ask(stage, '/readyz')).status === 200 ? true : undefined,
  )
}, 120_000)
