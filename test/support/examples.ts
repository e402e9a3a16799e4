import { main } from '../../commands/main.ts'
import { commandPaths } from '../../commands/program.ts'
import { terminal } from './terminal.ts'

/** Commands that ask no daemon. */
const LOCAL = new Set([
  'config init',
  'config show',
  'config validate',
  'daemon',
  'demo',
  'doctor',
  'simulator',
])

/** The first example in the help of a command, as words. */
async function exampleOf(words: readonly string[]): Promise<string[]> {
  const { context, stdout } = terminal({ columns: 500 })
  await main([...words, '--help'], context)
  const line = /\$ wa-gateway ([^\n]*)/.exec(stdout())?.[1]
  if (line === undefined) throw new Error(`${words.join(' ')} has no example`)
  const [command = ''] = line.split(' | ')
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  )
}

/** Every command that asks the daemon, with the first example of its help. */
export async function daemonCommands(): Promise<{ name: string; argv: string[] }[]> {
  const leaves = commandPaths().filter(({ group }) => !group)
  const asking = leaves.filter(({ words }) => !LOCAL.has(words.join(' ')))
  return Promise.all(
    asking.map(async ({ words }) => ({ name: words.join(' '), argv: await exampleOf(words) })),
  )
}
