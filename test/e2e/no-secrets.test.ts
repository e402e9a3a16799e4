import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { eventually, type GatewayProcess } from '../support/gateway.ts'
import { overSocket } from '../support/over-socket.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import { Sightings } from '../support/sightings.ts'
import type { Stage } from '../support/stage.ts'
import { addStateSecrets } from '../support/state-secrets.ts'
import { openBackend } from '../support/open-backend.ts'

const TEXT = 'Meet me at the old pier at nine, bring'
const PASSPHRASE = 'these seven words shall stay in their file'
const REFUSED = 'this sentence must never be logged either'

/** Everything the run printed or showed, but for the QR codes that somebody asked for. */
interface Printed {
  logs: string
  shown: string
}

test('a run at LOG_LEVEL=trace shows no key, no token and no message', async () => {
  const { stage, s3, backend, secrets } = await prepare()
  const shown: string[] = []
  const argv: string[] = []
  const look = async (gateway: GatewayProcess) => {
    for (const path of ['/livez?verbose', '/readyz?verbose', '/metrics', '/v1/nothing'])
      shown.push((await overSocket(join(stage.dir, 'control.sock'), path)).body)
    const bundle = await mkdtemp(join(stage.dir, 'bundle-'))
    await stage.run('support-bundle', '--output', join(bundle, 'all.tar.gz'))
    shown.push(gunzipSync(await readFile(join(bundle, 'all.tar.gz'))).toString())
    argv.push(await readFile(`/proc/${gateway.child.pid}/cmdline`, 'utf8'))
  }
  const values = async () => addStateSecrets(secrets, stage.stateDir)

  let gateway = await stage.start()
  const qrs = await pairAll(stage)
  for (const qr of qrs) addQr(secrets, qr)
  await gateway.untilOnline(stage.ids)
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId }))
  await stage.exchange(`${TEXT} ropes`)
  await look(gateway)
  await askEverything(stage)
  await moveAccounts(stage)
  backend.plan({ status: 500 }, 3)
  s3.faults.inject({ fault: { kind: 'reset' }, times: 4 })
  await stage.exchange(`${TEXT} lamps`)
  await gateway.stop('SIGKILL')
  expect(await values()).toBeGreaterThan(1000)

  gateway = await stage.startOnline()
  await stage.exchange(`${TEXT} boats`)
  const [first = '', second = ''] = stage.ids
  const phone = stage.simulator.phone(stage.phoneOf(second))
  for (const device of phone.devices) phone.unlink(device)
  await stage.untilState(second, 'needs-pairing')
  await stage.run('status', '--why', second)
  await stage.run('status', '--why', second, '--json')
  await stage.run('session', 'send', second, '4477001', REFUSED)
  await look(gateway)
  expect(await gateway.stop()).toBe(0)
  await values()

  await stage.wipe()
  gateway = await stage.startOnline({}, [first])
  await stage.exchange(`${TEXT} nobody`, [first])
  await look(gateway)
  expect(await gateway.stop()).toBe(0)
  await values()

  const printed: Printed = { logs: stage.output, shown: [...shown, ...argv].join('\n') }
  expect(printed.logs).toContain('"level":20')
  expect(secrets.in(printed.logs)).toEqual([])
  expect(secrets.in(printed.shown)).toEqual([])
  expectNoNumbers(stage)
  expectSessionField(stage)
}, 400_000)

async function prepare() {
  const key = randomBytes(32)
  const { backend, env } = await openBackend(`backend-${randomBytes(12).toString('hex')}`)
  const token = `http-token/${randomBytes(12).toString('base64')}`
  const { stage, s3 } = await openS3Stage(2, {
    LOG_LEVEL: 'trace',
    ...env,
    BACKEND_HEARTBEAT_INTERVAL: '100',
    WA_GATEWAY_ENCRYPTION_KEY: key.toString('base64'),
    WA_GATEWAY_HTTP: '127.0.0.1:0',
    WA_GATEWAY_HTTP_TOKEN: token,
    WA_GATEWAY_METRICS_PER_SESSION: 'true',
  })
  const secrets = new Sightings()
  secrets.add('encryption key', key)
  secrets.addText('encryption key', key.toString('base64'))
  secrets.addText('backend token', backend.token)
  secrets.addText('HTTP token', token)
  secrets.addText('S3 secret', s3.secretKey)
  secrets.addText('message', TEXT)
  secrets.addText('refused message', REFUSED)
  secrets.addText('passphrase', PASSPHRASE)
  return { stage, s3, backend, secrets }
}

/** Pairs by the command line, whose output holds the QR codes by design. */
async function pairAll(stage: Stage): Promise<string[]> {
  const qrs: string[] = []
  for (const id of stage.ids)
    for await (const line of stage.runLines('session', 'pair', id, '--json')) {
      const event = JSON.parse(line) as { type: string; qr?: string }
      if (event.qr === undefined) continue
      qrs.push(event.qr)
      await stage.simulator.phone(stage.phoneOf(id)).scan(event.qr)
    }
  return qrs
}

/** The reference and the keys; what stands around them is the same for everybody. */
function addQr(secrets: Sightings, qr: string): void {
  const parts = (qr.split('#').at(-1) ?? '').split(',').filter((part) => part.length > 16)
  expect(parts.length).toBeGreaterThanOrEqual(4)
  for (const part of parts) secrets.addText('QR', part)
}

/** Every command that shows something, and calls that fail. */
async function askEverything(stage: Stage): Promise<void> {
  const [id = ''] = stage.ids
  for (const args of [
    ['status'],
    ['status', '--json'],
    ['session', 'list', '--json'],
    ['session', 'show', id, '--json'],
    ['session', 'pair', id],
    ['session', 'pair', id, '--json'],
    ['session', 'send', id, 'nobody', REFUSED],
    ['session', 'send', 'no-such-session', '4477001', REFUSED],
    ['recover', '--all', '--json'],
    ['recover', '--session', 'no-such-session'],
    ['preserve', '--all', '--json'],
    ['backup', 'create', '--all'],
    ['backup', 'list', '--json'],
    ['backup', 'verify', '--all', '--json'],
    ['backup', 'key', 'list', '--json'],
    ['config', 'show', '--origin'],
    ['doctor', '--json'],
    ['logs', '--lines', '10000', '--json'],
    ['backup', 'restore', '--session', id, '--from', '1-1', `--confirm=${id}`],
  ])
    await stage.run(...args)
  for (const body of [`{"to":"4477001","text":"${REFUSED}"`, `{"to":"x","text":"${REFUSED}"}`]) {
    const socket = join(stage.dir, 'control.sock')
    const path = `/v1/sessions/${id}/messages`
    const reply = await overSocket(socket, path, { method: 'POST', body })
    expect(reply.status).toBe(400)
    expect(reply.body).not.toContain(REFUSED)
  }
  await eventually('the log to show the calls', () => stage.gateway.output.length > 0 || undefined)
}

/** Out, in again, and in ways that fail: what is whole, torn, or no state at all. */
async function moveAccounts(stage: Stage): Promise<void> {
  const [id = ''] = stage.ids
  const passphrase = join(stage.dir, 'passphrase')
  await writeFile(passphrase, PASSPHRASE, { mode: 0o600 })
  const [out, safe] = [join(stage.dir, 'out'), join(stage.dir, 'safe')]
  const portable = ['--format', 'portable', '--passphrase-file', passphrase]
  for (const args of [
    ['--to', out],
    ['--to', out, '--json'],
    ['--to', safe, ...portable],
  ])
    expect((await stage.run('backup', 'export', '--all', '--confirm=all', ...args)).status).toBe(0)
  await truncate(join(out, stage.ids[1] ?? '', 'creds.json'), 400)
  for (const args of [
    [out, '--dry-run'],
    [out, '--json'],
    [out, '--prefix', 'copy-'],
    [safe, '--passphrase-file', passphrase, '--prefix', 'copy-'],
    [safe, '--passphrase-file', '/dev/null'],
  ])
    await stage.run('session', 'import', ...args)
  const creds = await readFile(join(out, id, 'creds.json'), 'base64')
  const socket = join(stage.dir, 'control.sock')
  for (const body of [{ state: creds }, { state: [creds] }, { states: creds }, creds]) {
    const text = JSON.stringify(body)
    const reply = await overSocket(socket, `/v1/sessions/${id}/import`, {
      method: 'POST',
      body: text,
    })
    expect(reply.status).toBe(400)
    expect(reply.body).not.toContain(creds.slice(100, 130))
  }
}

/** Phone numbers are for answers, not for logs. */
function expectNoNumbers(stage: Stage): void {
  const numbers = stage.ids.flatMap((id) => [stage.phoneOf(id), stage.friendOf(id)])
  const lines = stage.logs.filter((line) => numbers.some((number) => line.includes(number)))
  expect(lines).toEqual([])
}

/** A line that names a session has its id under `session`, and no other name for it is in use. */
function expectSessionField(stage: Stage): void {
  const entries = stage.logs.map((line) => {
    const { session, ...rest } = JSON.parse(line) as Record<string, unknown>
    return { line, session, fields: Object.keys(rest) }
  })
  expect(entries.filter(({ fields }) => fields.includes('sessionId'))).toEqual([])
  const about = entries.flatMap(({ line, session }) => {
    const named = stage.ids.filter((id) => line.includes(id))
    return named.length === 1 ? [{ line, session, named: named[0] }] : []
  })
  expect(about.length).toBeGreaterThan(0)
  expect(about.filter(({ session, named }) => session !== named)).toEqual([])
}
