import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { busy, type Churn } from '../support/busy-daemon.ts'
import { startFakeDaemon, type FakeDaemon } from '../support/fake-daemon.ts'
import { VERSION } from '../support/fake-methods.ts'
import { BIN, eventually } from '../support/gateway.ts'

// The dashboard at a terminal that takes nothing for a while: a pseudo-terminal of util-linux' `script`,
// whose output nobody reads.

vi.setConfig({ testTimeout: 120_000 })

/** What lies between the dashboard and the reader: the terminal's queue, `script`, two pipes. */
const ON_THE_WAY = 256 * 1_024
const REDRAWS = 100

let dir: string
let daemon: FakeDaemon
let churn: Churn
let terminal: ChildProcessWithoutNullStreams
let seen = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-slow-'))
  daemon = await startFakeDaemon(VERSION, 200, join(dir, 'control.sock'))
  churn = busy(daemon, 1_000)
  const command = `stty cols 200 rows 60; exec ${process.execPath} ${BIN} dashboard`
  terminal = spawn('script', ['-qfec', command, '/dev/null'], {
    env: {
      PATH: process.env['PATH'],
      HOME: dir,
      TERM: 'xterm-256color',
      WA_GATEWAY_SOCKET: daemon.socketPath,
    },
  })
  // What it was not sent yet goes with it.
  terminal.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  seen = ''
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
    seen += text
  })
  await shown('1/1000')
})

afterEach(async () => {
  terminal.kill('SIGKILL')
  await daemon.close()
  // The dashboard may still write its compile cache there.
  await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
})

const shown = (text: string) =>
  eventually(`${text} on the screen`, () => (seen.includes(text) ? true : undefined))

/** Nothing is read any more, and more was drawn than fits on the way. */
async function stopReading(): Promise<void> {
  terminal.stdout.pause()
  for (let n = 0; n < REDRAWS; n++) {
    churn.change(10)
    terminal.stdin.write('\f')
    await sleep(25)
  }
}

test('no queue grows at a terminal that takes nothing, and what is newest is shown then', async () => {
  await stopReading()
  const statuses = () => daemon.calls.filter(({ method }) => method === 'status').length
  const before = statuses()
  await eventually('the daemon asked all the same', () => (statuses() > before ? true : undefined))
  churn.put({ id: 'anna', state: 'failed', since: 1, messagesIn: 0, messagesOut: 0 })
  seen = ''
  terminal.stdout.resume()
  await shown('anna')
  expect(seen.length).toBeLessThan(ON_THE_WAY)
})

test('SIGTERM ends it there too', async () => {
  const children = `/proc/${terminal.pid}/task/${terminal.pid}/children`
  const pid = Number((await readFile(children, 'utf8')).trim())
  await stopReading()
  process.kill(pid, 'SIGTERM')
  // Its parent, who waits for the reader, does not bury it.
  const ended = await eventually('the end of the dashboard', async () => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    return /\) Z /.test(stat) ? stat : undefined
  })
  expect(ended).toMatch(new RegExp(`^${pid} `))
})
