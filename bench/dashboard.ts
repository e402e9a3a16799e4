/*
 * The dashboard over 1,000 sessions that change 200 times a second, or not at all, as a person has it: the built
 * program in a pseudo-terminal of util-linux' `script`, over a real control socket. Its share of a
 * core is that of the process; key to screen is from writing `j` until its effect was read.
 *
 * `node bench/dashboard.ts COLUMNS ROWS CHANGES_A_SECOND`
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { percentile, type Row } from './report.ts'

const SESSIONS = 1_000
const SECONDS = 20
const KEYS = 200
/** Of /proc/<pid>/stat, a second. */
const TICKS = 100

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** What a child wrote since `forget`. */
class Output {
  text = ''
  #heard = Promise.withResolvers<void>()

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
      this.#heard.resolve()
      this.#heard = Promise.withResolvers()
    })
  }

  forget(): void {
    this.text = ''
  }

  async until(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) await this.#heard.promise
  }
}

async function ticksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim())
}

const [columns = '80', rows = '24', changes = '200'] = process.argv.slice(2)
const dir = await mkdtemp(join(tmpdir(), 'wa-bench-dashboard-'))
const socket = join(dir, 'control.sock')
const daemon = spawn(
  process.execPath,
  [path('../test/support/busy-daemon.ts'), socket, String(SESSIONS), changes],
  { stdio: ['pipe', 'pipe', 'inherit'] },
)
await new Output(daemon).until(socket)

const command = `stty cols ${columns} rows ${rows}; exec ${process.execPath} ${path('../dist/bin/wa-gateway.js')} dashboard`
const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
  env: { PATH: process.env['PATH'], HOME: dir, TERM: 'xterm-256color', WA_GATEWAY_SOCKET: socket },
  stdio: ['pipe', 'pipe', 'inherit'],
})
const screen = new Output(terminal)
await screen.until(`1/${SESSIONS}`)
const pid = await childOf(terminal.pid ?? 0)

// By name, so that nothing but a key moves the cursor's place in the list.
screen.forget()
terminal.stdin.write('s')
await screen.until('by name')
await sleep(2_000)

screen.forget()
const before = await ticksOf(pid)
await sleep(SECONDS * 1_000)
const share = ((await ticksOf(pid)) - before) / TICKS / SECONDS
const written = screen.text.length / SECONDS

const times: number[] = []
for (let n = 2; n <= KEYS + 1; n++) {
  await sleep(30 + Math.random() * 120)
  screen.forget()
  const pressed = performance.now()
  terminal.stdin.write('j')
  await screen.until(`${n % 10}/${SESSIONS}`)
  times.push(performance.now() - pressed)
}
const row: Row = {
  name: `${columns}x${rows}`,
  sessions: SESSIONS,
  'changes/s': Number(changes),
  '% of a core': Math.round(share * 1_000) / 10,
  'key to screen p50, ms': percentile(times, 0.5),
  'p95, ms': percentile(times, 0.95),
  'p99, ms': percentile(times, 0.99),
  'written, KiB/s': Math.round(written / 102.4) / 10,
  'RSS, MB': await residentOf(pid),
}
terminal.stdin.write('q')
await once(terminal, 'close')
daemon.stdin.end()
await once(daemon, 'close')
await rm(dir, { recursive: true })
process.stdout.write(`${JSON.stringify(row)}\n`)
