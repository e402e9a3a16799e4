import { execa, type Options } from 'execa'
import { fileURLToPath } from 'node:url'
import type { FakeDaemon } from './fake-daemon.ts'

const BIN = fileURLToPath(new URL('../../dist/bin/wa-gateway.js', import.meta.url))

/** Runs the built program as its users do; never throws for an exit status. */
export function wa(args: readonly string[], env: Record<string, string>, more: Options = {}) {
  return execa(process.execPath, [BIN, ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    extendEnv: false,
    cwd: '/',
    reject: false,
    stripFinalNewline: false,
    stdin: 'ignore',
    ...more,
  })
}

/** The same with the control socket of a daemon, and its output as text. */
export async function runAt({ socketPath }: Pick<FakeDaemon, 'socketPath'>, args: string[]) {
  const { stdout, stderr, exitCode } = await wa(args, { WA_GATEWAY_SOCKET: socketPath })
  return { stdout: String(stdout), stderr: String(stderr), exitCode }
}
