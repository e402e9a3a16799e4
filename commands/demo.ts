import { fileURLToPath } from 'node:url'
import { InvalidArgumentError } from 'commander'
import type { Define } from './shared/context.ts'

const MAX_SESSIONS = 50

/** This program's own entry, compiled or not. */
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const PROGRAM = fileURLToPath(new URL(`../bin/wa-gateway.${EXTENSION}`, import.meta.url))

export const define: Define = (command, context) => {
  command
    .option('--sessions <n>', 'how many sessions to pair', sessions, 3)
    .addHelpText('after', '\nExample:\n  $ wa-gateway demo --sessions 10\n')
    .action(async (options: { sessions: number }) => {
      const { runDemo } = await import('../src/demo/demo.ts')
      await runDemo({
        sessions: options.sessions,
        command: [process.execPath, PROGRAM, 'daemon'],
        version: context.version,
        env: { PATH: context.env['PATH'] ?? '', HOME: context.env['HOME'] ?? '/' },
        print: (line) => context.stdout.write(`${line}\n`),
        signal: context.signal,
      })
    })
}

function sessions(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= MAX_SESSIONS) return value
  throw new InvalidArgumentError(`give a number from 1 to ${MAX_SESSIONS}.`)
}
