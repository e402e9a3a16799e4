import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { commandsOf, pattern, TypedShell, type Typed } from '../support/typed.ts'

// What the pages tell a person to type, typed, with what they say is printed. Only the directory and the
// port are others, so that nothing else is in the way.

vi.setConfig({ testTimeout: 300_000 })

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

async function typeAll(commands: Typed[]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-typed-'))
  const port = await freePort()
  const here = (text: string) =>
    text.replaceAll('/tmp/try', join(dir, 'try')).replaceAll('8787', String(port))
  try {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      LC_ALL: 'C.UTF-8',
      // Nothing else starts here, for which a start would wait.
      SESSION_RECOVERY_STARTUP_DELAY: '0',
    }
    await using shell = new TypedShell(ROOT, env)
    for (const { command, prints } of commands) {
      const { output } = await shell.type(here(command))
      for (const line of prints) expect(output, `$ ${command}`).toMatch(pattern(here(line)))
    }
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
}

test.concurrent('from nothing to a recovered session, with the README alone', async () => {
  const [first, ...commands] = commandsOf('README.md', 'Try it')
  // The suite has done that.
  expect(first?.command).toBe('npm ci && npm run build')
  expect(commands.length).toBeGreaterThan(12)
  await typeAll(commands)
})

test.concurrent('the guides, one after another', async () => {
  const guides = [
    'first-session',
    'rolling-update',
    'disaster',
    'second-site',
    'moving-out',
    'moving-in',
  ]
  const commands = guides.flatMap((guide) => commandsOf(`docs/guides/${guide}.md`))
  expect(commands.length).toBeGreaterThan(55)
  await typeAll(commands)
})
