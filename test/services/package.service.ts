import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { NotifySocket } from '../support/notify-socket.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const UNIT = readFileSync(join(ROOT, 'deploy/systemd/wa-gateway.service'), 'utf8')

/** For what takes seconds on a machine that has nothing else to do. */
const SLOW_MS = 300_000

let dir: string
let files: string[]
/** As /opt/wa-gateway is on a host: Node 24 and the package, without anything else. */
let prefix: string
let env: Record<string, string>

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wa-package-'))
  prefix = join(dir, 'opt')
  mkdirSync(join(prefix, 'bin'), { recursive: true })
  symlinkSync(process.execPath, join(prefix, 'bin/node'))
  // The suite has built dist; a build here would change it under the feet of other tests.
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', dir],
    { cwd: ROOT },
  )
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  files = packed.files.map(({ path }) => path)
  await run(
    'npm',
    ['install', '--global', '--prefix', prefix, '--ignore-scripts', join(dir, packed.filename)],
    { cwd: dir },
  )
  env = {
    // Of the programs, those of the service manager, and this Node before any other.
    PATH: `${join(prefix, 'bin')}:/usr/bin:/bin`,
    HOME: dir,
    STATE_DIRECTORY: join(dir, 'state'),
    RUNTIME_DIRECTORY: join(dir, 'run'),
  }
}, SLOW_MS)
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** The line of the unit that has this name, with the prefix of here. */
function unitCommand(name: string): [file: string, ...args: string[]] {
  const line = new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1] ?? ''
  const [file = '', ...args] = line.replaceAll('/opt/wa-gateway', prefix).split(' ')
  return [file, ...args]
}

test('the package has what runs and its documentation, and nothing else', () => {
  const allowed = [
    /^package\.json$/,
    /^(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md$/,
    /^\.wa-gatewayrc\.example$/,
    /^docs\/.+\.(md|1|svg|txt)$/,
    /^deploy\/(systemd|grafana|kubernetes|prometheus)\/(?!.*test)/,
    /^dist\/(bin|commands|src)\/.+\.js$/,
  ]
  expect(files.filter((path) => !allowed.some((pattern) => pattern.test(path)))).toEqual([])
})

test(
  'it runs where it was installed, with Node alone',
  async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      version: string
    }
    const { stdout } = await run('wa-gateway', ['--version'], { env, cwd: dir })
    expect(stdout.trim()).toBe(version)
    const demo = await run('wa-gateway', ['demo'], { env: { ...env, TMPDIR: dir }, cwd: dir })
    expect(demo.stdout).toMatch(/0 messages lost, 0 unreadable/)
  },
  SLOW_MS,
)

test('the commands of the unit start, reload and stop it', async () => {
  const socket = await NotifySocket.open(join(dir, 'notify'))
  const [file, ...args] = unitCommand('ExecStart')
  const daemon = spawn(file, args, {
    env: { ...env, NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: '60000000' },
    cwd: dir,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  try {
    const ready = await socket.until('READY', /^1$/)
    const [reload, ...how] = unitCommand('ExecReload')
    const { stdout } = await run(reload, how, { env, cwd: dir })
    expect(stdout).toMatch(/nothing has changed/)
    const reloading = await socket.until('RELOADING', /^1$/, ready + 1)
    await socket.until('READY', /^1$/, reloading + 1)
    expect(socket.heard[reloading]?.notice['MONOTONIC_USEC']).toMatch(/^\d+$/)
    daemon.kill('SIGTERM')
    await socket.until('STOPPING', /^1$/)
    await eventually('the end', () => daemon.exitCode ?? undefined)
    expect(daemon.exitCode).toBe(0)
  } finally {
    if (daemon.exitCode === null) {
      daemon.kill('SIGKILL')
      await once(daemon, 'exit')
    }
    await socket.close()
  }
})
