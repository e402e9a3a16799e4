import { expect, test } from 'vitest'
import { main } from '../../../commands/main.ts'
import { commandPaths } from '../../../commands/program.ts'
import { terminal } from '../../support/terminal.ts'

const PATHS = commandPaths().map(({ words, group }) => ({ command: words.join(' '), group }))
// The help of `daemon` is the table of settings, which has tests of its own.
const COMMANDS = ['', ...PATHS.map(({ command }) => command).filter((each) => each !== 'daemon')]

test.each(COMMANDS)('help of wa-gateway %s', async (command) => {
  const { context, stdout, stderr } = terminal({ columns: 90 })
  expect(await main([...command.split(' ').filter(Boolean), '--help'], context)).toBe(0)
  expect(stderr()).toBe('')
  expect(stdout()).toMatchSnapshot()
})

test('every command that does something has an example', async () => {
  for (const { command } of PATHS.filter(({ group }) => !group)) {
    const { context, stdout } = terminal()
    await main(['help', ...command.split(' ')], context)
    expect(stdout()).toMatch(new RegExp(`Examples?:[^]*wa-gateway ${command}`))
  }
})

test('daemon offers each setting as a flag, but no secret', async () => {
  const { context, stdout } = terminal()
  expect(await main(['daemon', '--help'], context)).toBe(0)
  expect(stdout()).toMatch(/--state-dir <value>/)
  expect(stdout()).toMatch(/--recovery-timeout <value>/)
  expect(stdout()).not.toMatch(/token|secret-key|encryption-key/i)
})

test.each([
  ['an unknown command', ['bogus'], /unknown command 'bogus'/],
  ['an unknown option', ['status', '--bogus'], /unknown option '--bogus'/],
  ['no command', [], /Usage: wa-gateway/],
  ['a group without a command', ['session'], /Usage: wa-gateway session/],
  [
    'help of an unknown command',
    ['help', 'statsu'],
    /unknown command 'statsu'\n\(Did you mean status/,
  ],
  ['help of an unknown one of a group', ['help', 'session', 'lst'], /unknown command 'lst'/],
  ['a missing argument', ['session', 'show'], /missing required argument 'session'/],
  ['an argument too many', ['session', 'list', 'x'], /too many arguments/],
  ['a bad number', ['status', '--timeout', 'soon'], /number of seconds/],
  ['no target', ['recover'], /no session was named/],
  ['two targets', ['preserve', '--all', '--session', 'a'], /exclude each other/],
])('%s is a usage error', async (_, argv, message) => {
  const { context, stdout, stderr } = terminal()
  expect(await main(argv, context)).toBe(2)
  expect(stdout()).toBe('')
  expect(stderr()).toMatch(message)
})

test.each([
  [['status', '--bogus'], "unknown option '--bogus'"],
  [['session', 'show'], "missing required argument 'session'"],
  [['session'], 'no command was given'],
])('with --json %j is an object on stderr too', async (argv, message) => {
  const { context, stdout, stderr } = terminal()
  expect(await main([...argv, '--json'], context)).toBe(2)
  expect(stdout()).toBe('')
  const error = { code: 'usage', message, hint: 'add --help', retryable: false }
  expect(JSON.parse(stderr())).toEqual({ error })
})
