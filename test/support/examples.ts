import { main } from '../../commands/main.ts'
import { commandPaths } from '../../commands/program.ts'
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
  const leaves = commandPaths().filter(({ group }) => !group)
  const asking = leaves.filter(({ words }) => !LOCAL.has(words.join(' ')))
  return Promise.all(
    asking.map(async ({ words }) => {
      const name = words.join(' ')
      return { name, argv: [...(await exampleOf(words)), ...(CONFIRMED[name] ?? [])] }
    }),
  )
}
