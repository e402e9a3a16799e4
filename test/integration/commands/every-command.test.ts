import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import PQueue from 'p-queue'
import type { z } from 'zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { commandPaths } from '../../../commands/program.ts'
import { OUTPUTS } from '../../../commands/shared/json-outputs.ts'
import { failure as errors, METHODS } from '../../../src/control/api.ts'
import type { MethodSpec } from '../../../src/control/method-spec.ts'
import { renderCliJson } from '../../../scripts/render-cli-json.ts'
import { daemonCommands, LOCAL_EXAMPLES, wrongArguments } from '../../support/examples.ts'
import { startFakeDaemon } from '../../support/fake-daemon.ts'
import { observe, type Observed } from '../../support/observed.ts'
import { terminal } from '../../support/terminal.ts'

/*
 * Each command is run as its users run it: the built program, a process of its own, in all the ways
 * that it is likely to be met. All of them run at first; what they did is then looked at.
 */
type Way = 'help' | 'text' | 'json' | 'away' | 'option' | 'arguments'

const PATHS = commandPaths().map(({ words, acts }) => ({ name: words.join(' '), acts }))
const ACTING = PATHS.filter(({ acts }) => acts)
/** `events` has no end; following.test.ts is about it. */
const ASKING = (await daemonCommands()).filter(({ name }) => name !== 'events')
const LOCAL = Object.entries(LOCAL_EXAMPLES).map(([name, argv]) => ({ name, argv }))

/** Packages that every command may load: for the command line and the configuration. */
const QUICK = ['commander', 'cosmiconfig', 'env-paths']
/** Those that do work of their own may load what that needs, once they do it. */
const WORKING = new Set(['backup export', 'doctor', 'session import', 'support-bundle'])
const NEVER = new Set(['@whiskeysockets/baileys', 'fastify', 'ink', 'react'])

let dir: string
const done = new Map<string, Observed>()
const seen = (way: Way, name: string): Observed => {
  const found = done.get(`${way} ${name}`)
  if (found === undefined) throw new Error(`${name} was not run for ${way}`)
  return found
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-every-'))
  const queue = new PQueue({ concurrency: availableParallelism() })
  const run = (way: Way, name: string, argv: readonly string[]) => async () => {
    const asks = (way === 'text' || way === 'json') && !(name in LOCAL_EXAMPLES)
    await using daemon = asks ? await startFakeDaemon() : undefined
    const env = {
      WORKER_ID: 'worker-one',
      WA_GATEWAY_STATE_DIR: '/var/lib/wa-gateway',
      WA_GATEWAY_SOCKET: daemon?.socketPath ?? '/run/no/control.sock',
    }
    done.set(`${way} ${name}`, await observe(argv, dir, `${way} ${name}`, env))
  }
  const wrong = await Promise.all(
    ACTING.map(async ({ name }) => ({ name, argv: await wrongArguments(name.split(' ')) })),
  )
  await queue.addAll([
    ...['', ...PATHS.map(({ name }) => name)].map((name) =>
      run('help', name, [...name.split(' ').filter(Boolean), '--help']),
    ),
    ...[...ASKING, ...LOCAL].flatMap(({ name, argv }) => [
      run('text', name, argv),
      run('json', name, [...argv, '--json']),
    ]),
    ...ASKING.map(({ name, argv }) =>
      run('away', name, name === 'wait' ? [...argv, '--timeout', '0.2'] : argv),
    ),
    ...wrong.flatMap(({ name, argv }) => [
      run('arguments', name, argv),
      run('option', name, [...argv, '--jsn']),
    ]),
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

test('no command is left out', () => {
  const covered = ['events', ...LOCAL.map(({ name }) => name), ...ASKING.map(({ name }) => name)]
  expect(covered.toSorted()).toEqual(ACTING.map(({ name }) => name).toSorted())
})

test('docs/CLI_JSON.md is what `npm run render` writes', () => {
  const page = readFileSync(new URL('../../../docs/CLI_JSON.md', import.meta.url), 'utf8')
  expect(page).toBe(renderCliJson())
})

describe('in words', () => {
  test.each([...ASKING, ...LOCAL])('$name', ({ name }) => {
    const { packages: _, ...said } = seen('text', name)
    expect(said).toMatchSnapshot()
  })
})

describe('--json', () => {
  test.each([...ASKING, ...LOCAL])(
    '$name prints what is documented, and nothing else',
    ({ name }) => {
      const { stdout, stderr, status } = seen('json', name)
      const lines = parsed(stdout)
      // Those that fail say it on stderr; all others are a method or in commands/shared/json-outputs.ts.
      const schema = lines.length === 0 ? errors : schemaOf(name)
      const told = lines.length === 0 ? parsed(stderr) : lines
      // What the schema does not know would be missing from what it gives back.
      expect(told.map((line) => schema?.parse(line))).toEqual(told)
      expect({ status, lines, stderr }).toMatchSnapshot()
    },
  )
})

describe('--help', () => {
  test.each([{ name: '' }, ...PATHS])('$name is the same as in this process', async ({ name }) => {
    const { context, stdout } = terminal()
    await main([...name.split(' ').filter(Boolean), '--help'], context)
    expect(seen('help', name)).toMatchObject({ stdout: stdout(), stderr: '', status: 0 })
  })
})

describe('without a daemon', () => {
  test.each(ASKING)('$name says so, and how to start one', ({ name }) => {
    const { packages: _, ...said } = seen('away', name)
    expect(said).toEqual(
      name === 'wait'
        ? {
            stdout: '',
            stderr:
              'error: it did not come to that in time: no daemon is running: there is no socket at /run/no/control.sock\n' +
              'try: see `wa-gateway status`, or give a longer --timeout\n',
            status: 7,
          }
        : {
            stdout: '',
            stderr:
              'error: no daemon is running: there is no socket at /run/no/control.sock\n' +
              'because: connect ENOENT /run/no/control.sock\n' +
              'try: start it with `wa-gateway daemon`, or `systemctl start wa-gateway` where it is a ' +
              'service; if one runs, name its socket with --socket or WA_GATEWAY_SOCKET\n',
            status: 6,
          },
    )
  })
})

describe('a wrong command line', () => {
  test.each(ACTING)('$name', ({ name }) => {
    const [few, flag] = [seen('arguments', name), seen('option', name)]
    expect([few.stdout, few.status, flag.stdout, flag.status]).toEqual(['', 2, '', 2])
    expect({ arguments: few.stderr, option: flag.stderr }).toMatchSnapshot()
  })
})

test('each command loads no more packages than it needs', () => {
  const greedy = [...done].flatMap(([run, { packages }]) => {
    const [way = '', ...words] = run.split(' ')
    const name = words.join(' ')
    const works = (way === 'text' || way === 'json') && WORKING.has(name)
    const allowed = name === 'session pair' ? [...QUICK, 'uqr'] : QUICK
    const more = packages.filter((one) => (works ? NEVER.has(one) : !allowed.includes(one)))
    return more.length > 0 ? [`${run}: ${more.join(', ')}`] : []
  })
  expect(greedy).toEqual([])
})
