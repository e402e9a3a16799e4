import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { failingDiskTest } from '../e2e/failing-disk.ts'
import { eventually } from '../support/gateway.ts'
import type { Stage } from '../support/stage.ts'

const FAILURES = [
  ['fsync', 'EIO'],
  ['pwrite64', 'EIO'],
] as const

// The tracer needs the right to attach to other processes, as root has.
for (const [call, error] of FAILURES)
  failingDiskTest(`a state database whose ${call} fails with ${error}`, {
    fail: (stage) => injectError(stage, call, error),
  })

/** From its resolving on, this system call fails for the files of the daemon's state database. */
async function injectError(stage: Stage, call: string, error: string): Promise<void> {
  const { pid } = stage.gateway.child
  const files = ['state.db', 'state.db-wal'].flatMap((name) => ['-P', join(stage.stateDir, name)])
  const fault = `inject=${call}:error=${error}`
  const args = ['-f', '-p', String(pid), ...files, '-e', `trace=${call}`, '-e', fault]
  const tracer = spawn('strace', [...args, '-o', '/dev/null'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void tracer.kill())
  let said = ''
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await once(tracer, 'spawn')
  await eventually('the tracer to be attached', () => {
    if (tracer.exitCode !== null) throw new Error(said)
    return said.includes('attached') ? true : undefined
  })
}
