import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BIN, GatewayProcess } from '../support/gateway.ts'

let dir: string
let gateway: GatewayProcess

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wa-reload-'))
  configure({ log: { level: 'info' } })
  gateway = await GatewayProcess.start({
    WA_GATEWAY_STATE_DIR: join(dir, 'state'),
    WA_GATEWAY_CONFIG: join(dir, 'config.json'),
    SESSION_RECOVERY_STARTUP_DELAY: '0',
  })
})
afterEach(async () => {
  await gateway.stop('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

function configure(settings: object): void {
  writeFileSync(join(dir, 'config.json'), JSON.stringify(settings))
}

async function reload() {
  const socket = join(dir, 'state', 'control.sock')
  const args = [BIN, '--socket', socket, 'daemon', 'reload']
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
    return { status: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { status: code, stdout, stderr }
  }
}

const logged = (text: string) =>
  gateway.eventually(text, async () => gateway.output.includes(text) || undefined)

test('reload applies what can change and names what cannot, with the reason', async () => {
  expect((await reload()).stdout).toMatch(/^nothing has changed \(.*config\.json\)\n$/)

  configure({ log: { level: 'debug' }, worker: { id: 'another' }, snapshot: { interval: 500 } })
  const changed = await reload()
  expect(changed).toMatchObject({ status: 0 })
  expect(changed.stdout).toMatch(
    /^changed {6}LOG_LEVEL info -> debug\nchanged {6}WA_GATEWAY_SNAPSHOT_INTERVAL 900000 -> 500\nnot changed {2}WORKER_ID \S+ -> another: sessions are owned under it\n$/,
  )
  expect(changed.stderr).toContain('1 setting needs a restart')

  configure({
    log: { level: 'debug' },
    snapshot: { interval: 500 },
    verify: { interval: 3_600_000 },
    worker: { maxSessions: 3 },
  })
  expect((await reload()).stdout).toMatch(/^changed {6}WA_GATEWAY_VERIFY_INTERVAL .*-> 3600000$/m)
  expect(await gateway.client.call('status', {})).toMatchObject({
    verify: { intervalMs: 3_600_000 },
  })

  configure({ log: { level: 'nonsense' }, snapshot: { interval: 700 } })
  const wrong = await reload()
  expect(wrong).toMatchObject({ status: 78, stdout: '' })
  expect(wrong.stderr).toContain('LOG_LEVEL')

  configure({
    log: { level: 'debug' },
    snapshot: { interval: 500 },
    verify: { interval: 3_600_000 },
    worker: { maxSessions: 3 },
  })
  expect((await reload()).stdout).toMatch(/^nothing has changed/)
})

test('SIGHUP reloads, and a wrong configuration does not end the daemon', async () => {
  configure({ log: { level: 'fatal' }, recovery: { concurrency: 'many' } })
  gateway.child.kill('SIGHUP')
  await logged('nothing was reloaded')
  configure({ recovery: { concurrency: 3 } })
  gateway.child.kill('SIGHUP')
  await logged('a setting was changed')
  expect(gateway.ended).toBe(false)
  expect(await gateway.stop()).toBe(0)
})
