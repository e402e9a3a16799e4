/*
 * How long a command takes from its start to its end, beside a Node that does nothing: without
 * asking anybody (version, config), help alone, an answer of a daemon (status, backups), and what the
 * Tab key waits for (complete). The median of many.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startFakeDaemon } from '../test/support/fake-daemon.ts'
import { BIN } from '../test/support/gateway.ts'
import { contender, percentile } from './report.ts'

const TIMES = 21
const COMMANDS = {
  node: ['-e', '0'],
  version: [BIN, '--version'],
  help: [BIN, 'status', '--help'],
  config: [BIN, 'config', 'validate'],
  status: [BIN, 'status'],
  backups: [BIN, 'backup', 'list'],
  complete: [BIN, '__complete', 'session', 'pause', 'a'],
}

await contender(COMMANDS, async (name) => {
  const daemon = await startFakeDaemon()
  const home = await mkdtemp(join(tmpdir(), 'wa-cli-start-'))
  const env = { HOME: home, WA_GATEWAY_SOCKET: daemon.socketPath }
  const took: number[] = []
  // The first fills the cache of compiled modules, as the first of a user does.
  for (let n = 0; n <= TIMES; n++) {
    const began = performance.now()
    await promisify(execFile)(process.execPath, COMMANDS[name], { env, cwd: home })
    if (n > 0) took.push(performance.now() - began)
  }
  await daemon.close()
  await rm(home, { recursive: true })
  return { name, of: 'start', ms: percentile(took, 0.5), p90: percentile(took, 0.9) }
})
