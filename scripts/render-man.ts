import { PassThrough } from 'node:stream'
import type { Command } from 'commander'
import { commandPaths, createProgram, loadCommand } from '../commands/program.ts'
import type { Context } from '../commands/shared/context.ts'
import { OPTION_NAMES, OPTIONS } from '../src/config/options.ts'
import { EXIT } from '../src/session/errors.ts'
import { EXIT_WORDS } from '../src/session/exit-words.ts'

/** docs/wa-gateway.1, from the tree of commands and the tables of settings and exit statuses. */
export async function renderMan(): Promise<string> {
  let text = ''
  const context: Context = {
    stdout: { write: (part) => (text += part) },
    stderr: new PassThrough(),
    stdin: new PassThrough(),
    env: {},
    cwd: '/',
    signal: new AbortController().signal,
    isTTY: false,
    canAsk: false,
    columns: 74,
    rows: undefined,
    version: '',
  }
  const program = createProgram(context)
  const helpOf = (command: Command): string => {
    text = ''
    command.configureHelp({ showGlobalOptions: false }).outputHelp()
    return text.trimEnd()
  }
  const commands: string[] = []
  for (const { words } of commandPaths()) {
    const command = find(program, words)
    await loadCommand(words, command, context)
    const name = words.join(' ')
    // Its flags are the settings below.
    const body = name === 'daemon' ? command.description() : helpOf(command)
    commands.push(`.SS ${roff(`wa-gateway ${name}`)}`, '.nf', roff(body), '.fi')
  }
  const parts = [
    '.TH WA-GATEWAY 1',
    '.SH NAME',
    `wa-gateway \\- ${roff(program.description())}`,
    '.SH SYNOPSIS',
    '.B wa-gateway',
    '[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]',
    '.SH OPTIONS',
    'Every command has these.',
    ...program.options.flatMap(({ flags, description }) => tagged(flags, description)),
    '.SH COMMANDS',
    ...commands,
    '.SH ENVIRONMENT',
    'The settings; flags of \\fBdaemon\\fR win over them, they win over the file.',
    ...OPTION_NAMES.flatMap((name) => tagged(OPTIONS[name].env, OPTIONS[name].doc)),
    '.SH EXIT STATUS',
    ...(Object.keys(EXIT) as (keyof typeof EXIT)[]).flatMap((name) =>
      tagged(String(EXIT[name]), `${EXIT_WORDS[name].means}. ${EXIT_WORDS[name].todo}`),
    ),
    '.SH FILES',
    ...tagged('.wa-gatewayrc', 'Settings, in the working directory; YAML or JSON.'),
    ...tagged('~/.config/wa-gateway/config.yaml', 'Else these.'),
    ...tagged('/etc/wa-gateway/config.yaml', 'Else these.'),
    ...tagged('/var/lib/wa-gateway', 'State directory of root and of the service.'),
  ]
  return `${parts.join('\n')}\n`
}

function find(program: Command, words: readonly string[]): Command {
  let command = program
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word)
    if (next === undefined) throw new Error(`there is no command ${words.join(' ')}`)
    command = next
  }
  return command
}

const tagged = (tag: string, text: string) => ['.TP', `.B ${roff(tag)}`, roff(text)]

/** Backslashes and hyphens as they are, and no line that begins as a request does. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1')
}
