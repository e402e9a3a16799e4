import type { Command, Option } from 'commander'
import { ControlClient } from '../src/control/client.ts'
import { GatewayError } from '../src/session/errors.ts'
import { createProgram, loadCommand } from './program.ts'
import { locateSocket } from './shared/connect.ts'
import type { CommonOptions, Context } from './shared/context.ts'

/** One word that may stand there, and what it means. */
export interface Candidate {
  word: string
  about: string
}

/** A person waits for it with a finger on the Tab key. */
const PATIENCE_MS = 1_000
const SESSIONS = /^(session|why)$/

/** `wa-gateway __complete WORDS…`, which the completion scripts call: a word and its meaning a line. */
export async function printCandidates(words: readonly string[], context: Context): Promise<void> {
  for (const { word, about } of await complete(words, context))
    context.stdout.write(about === '' ? `${word}\n` : `${word}\t${about}\n`)
}

/** What may stand in the place of the last word, which may be begun or empty. */
export async function complete(words: readonly string[], context: Context): Promise<Candidate[]> {
  const current = words.at(-1) ?? ''
  const place = await walk(words.slice(0, -1), context)
  const [, name, value] = /^(--[\w-]+)=(.*)$/.exec(current) ?? []
  const option = name === undefined ? undefined : optionOf(place.command, name)
  if (option?.required === true && value !== undefined && place.waiting === undefined) {
    const values = await candidatesOf({ ...place, waiting: option, current: value }, context)
    return beginning(
      values.map(({ word, about }) => ({ word: `${name}=${word}`, about })),
      current,
    )
  }
  return beginning(await candidatesOf({ ...place, current }, context), current)
}

const beginning = (candidates: readonly Candidate[], text: string) =>
  candidates.filter(({ word }) => word.startsWith(text))

interface Place {
  command: Command
  /** How many arguments stand before it. */
  before: number
  /** The option whose value it is. */
  waiting: Option | undefined
  /** The options that say where the daemon is. */
  target: Pick<CommonOptions, 'socket' | 'config'>
}

/** Follows the words from command to command. */
async function walk(words: readonly string[], context: Context): Promise<Place> {
  let command = createProgram(context)
  const path: string[] = []
  const target: Place['target'] = {}
  let [before, waiting]: [number, Option | undefined] = [0, undefined]
  const take = (option: Option, value: string) => {
    const name = option.attributeName()
    if (name === 'socket' || name === 'config') target[name] = value
  }
  for (const word of words) {
    if (waiting !== undefined) {
      take(waiting, word)
      waiting = undefined
    } else if (word.startsWith('-')) {
      const [name = '', ...value] = word.split('=')
      const option = optionOf(command, name)
      if (option?.required === true && value.length > 0) take(option, value.join('='))
      else if (option?.required === true) waiting = option
    } else {
      const next = command.commands.find((one) => one.name() === word)
      if (next === undefined) before++
      else {
        command = next
        path.push(word)
        await loadCommand(path, command, context)
      }
    }
  }
  return { command, before, waiting, target }
}

async function candidatesOf(
  { command, before, waiting, target, current }: Place & { current: string },
  context: Context,
): Promise<Candidate[]> {
  if (waiting !== undefined) {
    if (waiting.argChoices !== undefined) return plain(waiting.argChoices)
    return SESSIONS.test(waiting.attributeName()) ? sessions(target, context) : []
  }
  if (current.startsWith('-'))
    return optionsOf(command).map(({ short, long, description }) => ({
      word: long ?? short ?? '',
      about: description,
    }))
  if (command.commands.length > 0 && before > 0) return []
  if (command.commands.length > 0)
    return command.commands.map((one) => ({ word: one.name(), about: one.summary() }))
  const { registeredArguments } = command
  const argument =
    registeredArguments[before] ?? registeredArguments.findLast((one) => one.variadic)
  if (argument?.argChoices !== undefined) return plain(argument.argChoices)
  return argument !== undefined && SESSIONS.test(argument.name()) ? sessions(target, context) : []
}

const plain = (words: readonly string[]) => words.map((word) => ({ word, about: '' }))

const optionOf = (command: Command, name: string) =>
  optionsOf(command).find(({ short, long }) => name === short || name === long)

/** Its own and those of every command. */
function optionsOf(command: Command): Option[] {
  const found: Option[] = []
  for (let at: Command | null = command; at !== null; at = at.parent)
    found.push(...at.options.filter(({ hidden }) => !hidden))
  return found
}

/** The sessions of the daemon, if it answers at once. */
async function sessions(target: Place['target'], context: Context): Promise<Candidate[]> {
  try {
    const client = new ControlClient({
      target: { socketPath: locateSocket(target, context) },
      version: context.version,
      patienceMs: PATIENCE_MS,
    })
    try {
      const late = AbortSignal.timeout(PATIENCE_MS)
      const { sessions: views } = await client.call('session.list', {}, late)
      return views.map(({ id, state }) => ({ word: id, about: state }))
    } finally {
      await client.close()
    }
  } catch (error) {
    // Nobody wants an error in the middle of a line that is being typed.
    if (error instanceof GatewayError || error instanceof DOMException) return []
    throw error
  }
}
