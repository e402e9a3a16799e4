import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { cephConfig } from './rgw-config.ts'

const run = promisify(execFile)
const START_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 5000
const PROGRAMS = ['monmaptool', 'ceph-mon', 'ceph-osd', 'ceph', 'radosgw', 'radosgw-admin']

export interface RgwAccess {
  endpoint: string
  port: number
  region: string
  accessKey: string
  secretKey: string
}

export interface RgwServer {
  access: RgwAccess
  stop(): Promise<void>
}

/** Starts a Ceph cluster of one machine with an S3 gateway, in memory; takes some seconds. */
export async function startRgw(): Promise<RgwServer> {
  await requirePrograms()
  const dir = await mkdtemp(join(tmpdir(), 'wa-rgw-'))
  const daemons: ChildProcess[] = []
  // A test run that is interrupted must not leave a cluster behind.
  const killAll = (): void => daemons.forEach((daemon) => daemon.kill('SIGKILL'))
  process.once('exit', killAll)
  const stop = async (): Promise<void> => {
    for (const daemon of daemons.toReversed()) await stopDaemon(daemon)
    process.removeListener('exit', killAll)
    await rm(dir, { recursive: true, force: true })
  }
  try {
    return { access: await startCluster(dir, daemons), stop }
  } catch (error) {
    const logs = await readLogs(dir)
    await stop()
    throw new Error(`Ceph RGW did not start\n${logs}`, { cause: error })
  }
}

async function startCluster(dir: string, daemons: ChildProcess[]): Promise<RgwAccess> {
  const layout = { dir, fsid: randomUUID(), monPort: await freePort(), rgwPort: await freePort() }
  for (const sub of ['mon', 'osd', 'run', 'log']) await mkdir(join(dir, sub))
  const conf = join(dir, 'ceph.conf')
  await writeFile(conf, cephConfig(layout))
  const ceph = (...args: string[]) =>
    run('ceph', ['-c', conf, '--connect-timeout', '5', ...args], { timeout: 10_000 })
  const daemon = (program: string, ...args: string[]): void => {
    const child = spawn(program, ['-c', conf, '-f', ...args], { stdio: 'ignore' })
    // Missing or not executable: what waits for it runs into its limit and shows the logs.
    child.on('error', () => child.kill())
    daemons.push(child)
  }

  const monmap = join(dir, 'monmap')
  const address = `[v1:127.0.0.1:${layout.monPort}]`
  await run('monmaptool', ['--create', '--fsid', layout.fsid, '--addv', 'a', address, monmap])
  await run('ceph-mon', ['-c', conf, '-i', 'a', '--mkfs', '--monmap', monmap])
  daemon('ceph-mon', '-i', 'a')
  await until('the monitor', () => ceph('mon', 'stat'))

  const osdId = randomUUID()
  await run('ceph-osd', ['-c', conf, '-i', '0', '--mkfs', '--osd-uuid', osdId])
  await until('the OSD to be known', () => ceph('osd', 'new', osdId, '0'))
  const place = ['osd', 'crush', 'add', 'osd.0', '1.0', 'root=default', 'host=localhost']
  await until('the OSD to be placed', () => ceph(...place))
  daemon('ceph-osd', '-i', '0')
  await until('the OSD', async () => {
    const { stdout } = await ceph('osd', 'stat')
    if (!stdout.includes('1 up')) throw new Error(stdout)
  })

  daemon('radosgw', '-n', 'client.rgw')
  await until('the S3 gateway', () => fetch(`http://127.0.0.1:${layout.rgwPort}/`))
  const keys = { accessKey: 'rgw-test-access', secretKey: 'rgw-test-secret-0123456789' }
  const user = ['user', 'create', '--uid=test', '--display-name=test']
  const keyArgs = [`--access-key=${keys.accessKey}`, `--secret-key=${keys.secretKey}`]
  await run('radosgw-admin', ['-c', conf, '-n', 'client.rgw', ...user, ...keyArgs])
  return { endpoint: '127.0.0.1', port: layout.rgwPort, region: 'us-east-1', ...keys }
}

async function requirePrograms(): Promise<void> {
  for (const program of PROGRAMS) {
    try {
      await run(program, ['--version'])
    } catch (error) {
      throw new Error(
        `${program} is missing or does not run. These tests need Ceph's S3 gateway: apt-get install radosgw ceph-mon ceph-osd ceph-common`,
        { cause: error },
      )
    }
  }
}

async function until(what: string, attempt: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS
  for (;;) {
    try {
      await attempt()
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`, { cause: error })
      await sleep(100)
    }
  }
}

async function stopDaemon(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return
  const exited = once(daemon, 'exit')
  daemon.kill('SIGTERM')
  const patience = setTimeout(() => daemon.kill('SIGKILL'), STOP_LIMIT_MS)
  await exited
  clearTimeout(patience)
}

async function readLogs(dir: string): Promise<string> {
  const logs: string[] = []
  for (const name of ['mon.a', 'osd.0', 'client.rgw']) {
    const text = await readFile(join(dir, 'log', `${name}.log`), 'utf8').catch(String)
    logs.push(`--- ${name}\n${text.split('\n').slice(-15).join('\n')}`)
  }
  return logs.join('\n')
}
