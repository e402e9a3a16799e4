import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'
import { GatewayError } from '../src/session/errors.ts'
import type { Context } from './shared/context.ts'
import { main } from './main.ts'

/** Runs the command line of this process; returns its exit status. */
export async function run(env: NodeJS.ProcessEnv): Promise<number> {
  const stop = new AbortController()
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `wa-gateway … | head` closes the pipe: there is nobody left to write for.
    if (error.code !== 'EPIPE') throw error
    stop.abort(new GatewayError({ code: 'interrupted', message: 'nobody reads the output' }))
  })
  let listening = false
  const context: Context = {
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    env,
    cwd: process.cwd(),
    // Only who looks at it takes Ctrl-C away from Node; a second Ctrl-C ends the process at once.
    get signal() {
      if (!listening) process.once('SIGINT', () => stop.abort(interrupted()))
      listening = true
      return stop.signal
    },
    isTTY: isatty(1),
    canAsk: isatty(0) && isatty(2),
    columns: isatty(1) ? process.stdout.columns : undefined,
    rows: isatty(1) ? process.stdout.rows : undefined,
    ...(isatty(0) && isatty(1) && { screen: process }),
    version: version(),
  }
  return main(process.argv.slice(2), context)
}

const interrupted = () =>
  new GatewayError({
    code: 'interrupted',
    message: 'interrupted; what the daemon had begun goes on',
    hint: 'see `wa-gateway status`',
  })

/** package.json is two directories above this file, or three when compiled. */
function version(): string {
  for (const up of ['../package.json', '../../package.json'])
    try {
      const file = fileURLToPath(new URL(up, import.meta.url))
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  return 'unknown'
}
