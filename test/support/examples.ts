import { main } from '../../commands/main.ts'
import { commandPaths, createProgram, loadCommand } from '../../commands/program.ts'
import { terminal } from './terminal.ts'

/** Commands that ask no daemon, or something else before it. */
const LOCAL = new Set([
  'support-bundle',
  'completion',
  'dashboard',
  'session import',
  'config init',
  'config show',
  'config validate',
  'daemon',
  'demo',
  'doctor',
  'simulator',
])

/** What those do that need nothing, or say that something is wrong, and have soon done. */
export const LOCAL_EXAMPLES: Record<string, string[]> = {
  completion: ['completion', 'bash'],
  'config init': ['config', 'init'],
  'config show': ['config', 'show', '--origin', '--changed'],
  'config validate': ['config', 'validate'],
  daemon: ['daemon', '--recovery-timeout', 'soon'],
  dashboard: ['dashboard'],
  demo: ['demo', '--sessions', 'many'],
  doctor: ['doctor', '--only', 'configuration'],
  'session import': ['session', 'import', './nothing'],
  simulator: ['simulator', '--port', '70000'],
  'support-bundle': ['support-bundle', '--output', './none/bundle.tar.gz'],
}

/** What examples that ask a person leave out. */
const CONFIRMED: Record<string, string[]> = {
  'backup key remove': ['--confirm=0123456789abcdef'],
  'backup export': ['--confirm=anna'],
  'backup restore': ['--confirm=anna'],
}

/** The first example in the help of a command, as words. */
async function exampleOf(words: readonly string[]): Promise<string[]> {
  const { context, stdout } = terminal({ columns: 500 })
  await main([...words, '--help'], context)
  const name = words.join(' ')
  const examples = stdout()
    .slice(stdout().indexOf('\nExample'))
    .split(/\n| \| | && /)
    .map((line) => line.replace(/^ *\$? *wa-gateway /, ''))
  const command = examples.find((line) => line === name || line.startsWith(`${name} `))
  if (command === undefined) throw new Error(`${name} has no example`)
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  )
}

/** Every command that asks the daemon, with the first example of its help. */
export async function daemonCommands(): Promise<{ name: string; argv: string[] }[]> {
  const asking = commandPaths().filter(({ acts, words }) => acts && !LOCAL.has(words.join(' ')))
  return Promise.all(
    asking.map(async ({ words }) => {
      const name = words.join(' ')
      return { name, argv: [...(await exampleOf(words)), ...(CONFIRMED[name] ?? [])] }
    }),
  )
}

/** The command with too few arguments, or with too many where none is needed. */
export async function wrongArguments(words: readonly string[]): Promise<string[]> {
  const { context } = terminal()
  const command = createProgram(context)
  const found = words.reduce((at, word) => {
    const next = at.commands.find((one) => one.name() === word)
    if (next === undefined) throw new Error(`${words.join(' ')} is no command`)
    return next
  }, command)
  await loadCommand(words, found, context)
  const { registeredArguments, options } = found
  const needed = registeredArguments.some(({ required }) => required)
  if (needed || options.some(({ mandatory }) => mandatory)) return [...words]
  return [...words, ...registeredArguments.map(() => 'one'), 'more']
}
