import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import type { z } from 'zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { commandPaths } from '../../../commands/program.ts'
import { OUTPUTS } from '../../../commands/shared/json-outputs.ts'
import { METHODS } from '../../../src/control/api.ts'
import type { MethodSpec } from '../../../src/control/method-spec.ts'
import { renderCliJson } from '../../../scripts/render-cli-json.ts'
import { wa } from '../../support/cli.ts'
import { daemonCommands } from '../../support/examples.ts'
import { startFakeDaemon } from '../../support/fake-daemon.ts'
import { terminal } from '../../support/terminal.ts'

interface Run {
  stdout: string
  stderr: string
  status: number | undefined
}

/** Each runs the real program; it takes a while to start. */
const queue = new PQueue({ concurrency: 4 })
/** It has no end, and a test of its own. */
const COMMANDS = (await daemonCommands()).filter(({ name }) => name !== 'events')
const PATHS = commandPaths().map(({ words, group }) => ({ name: words.join(' '), group }))

let dir: string
const json = new Map<string, Run>()
const help = new Map<string, Run>()

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-json-'))
  const run = async (argv: readonly string[], socket: string): Promise<Run> => {
    const env = { WA_GATEWAY_SOCKET: socket }
    const { stdout, stderr, exitCode } = await wa(argv, env, { cwd: dir })
    return { stdout: String(stdout), stderr: String(stderr), status: exitCode }
  }
  await queue.addAll([
    ...COMMANDS.map(({ name, argv }) => async () => {
      await using daemon = await startFakeDaemon()
      json.set(name, await run([...argv, '--json'], daemon.socketPath))
    }),
    ...PATHS.map(({ name }) => async () => {
      help.set(name, await run([...name.split(' '), '--help'], '/nonexistent'))
    }),
  ])
}, 240_000)
afterAll(() => rm(dir, { recursive: true, force: true }))

/** What a command may print, a line. */
function schemaOf(name: string): z.ZodType | undefined {
  const own = OUTPUTS[name]?.schema
  if (own !== undefined) return own
  const method = name.replaceAll(' ', '.')
  const spec: MethodSpec | undefined =
    method in METHODS ? METHODS[method as keyof typeof METHODS] : undefined
  return spec?.result ?? spec?.events
}

const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)

test('docs/CLI_JSON.md is what `npm run render` writes', () => {
  const page = readFileSync(new URL('../../../docs/CLI_JSON.md', import.meta.url), 'utf8')
  expect(page).toBe(renderCliJson())
})

describe('--json', () => {
  test.each(COMMANDS)('$name prints what is documented, and nothing else', ({ name }) => {
    const run = json.get(name)
    const schema = schemaOf(name)
    expect(
      schema,
      `${name} is neither a method nor in commands/shared/json-outputs.ts`,
    ).toBeDefined()
    const lines = parsed(run?.stdout ?? '')
    // What the schema does not know would be missing from what it gives back.
    expect(lines.map((line) => schema?.parse(line))).toEqual(lines)
    const stderr = run?.stderr.replaceAll(/\/tmp\/wa-\w+-\w+/g, 'DIR')
    expect({ status: run?.status, lines, stderr }).toMatchSnapshot()
  })
})

describe('--help', () => {
  test.each(PATHS)('$name is the same from the real program', async ({ name }) => {
    const { context, stdout } = terminal()
    await main([...name.split(' '), '--help'], context)
    expect(help.get(name)).toEqual({ stdout: stdout(), stderr: '', status: 0 })
  })
})
