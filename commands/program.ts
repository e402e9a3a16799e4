import { Command, InvalidArgumentError } from 'commander'
import type { Context, Define } from './shared/context.ts'

interface Leaf {
  summary: string
  load: () => Promise<{ define: Define }>
}
interface Group {
  summary: string
  /** For a group that is a command too. */
  load?: () => Promise<{ define: Define }>
  commands: Record<string, Leaf | Group>
}

/** Every command. Its file is loaded when it was chosen, so that a quick one stays quick. */
const COMMANDS: Record<string, Leaf | Group> = {
  daemon: {
    summary: 'run the gateway',
    load: () => import('./daemon.ts'),
    commands: {
      reload: {
        summary: 'read the configuration again',
        load: () => import('./daemon/reload.ts'),
      },
    },
  },
  status: {
    summary: 'show the worker and its sessions',
    load: () => import('./status.ts'),
  },
  dashboard: {
    summary: 'watch and help sessions on the whole terminal',
    load: () => import('./dashboard.ts'),
  },
  session: {
    summary: 'pair, list and change sessions',
    commands: {
      pair: { summary: 'link a session to a phone', load: () => import('./session/pair.ts') },
      list: { summary: 'list the sessions', load: () => import('./session/list.ts') },
      show: { summary: 'show all about one session', load: () => import('./session/show.ts') },
      import: {
        summary: 'take over sessions of another gateway',
        load: () => import('./session/import.ts'),
      },
      send: { summary: 'send a text message', load: () => import('./session/send.ts') },
      pause: {
        summary: 'disconnect until resumed; stays linked',
        load: () => import('./session/pause.ts'),
      },
      resume: { summary: 'connect a paused one again', load: () => import('./session/resume.ts') },
      logout: { summary: 'unlink it from its phone', load: () => import('./session/logout.ts') },
      forget: {
        summary: 'delete it here with its backups after it was moved out; it stays linked',
        load: () => import('./session/forget.ts'),
      },
      remove: {
        summary: 'unlink and delete it with its backups',
        load: () => import('./session/remove.ts'),
      },
    },
  },
  fleet: {
    summary: 'show the workers of the fleet and which of them are silent',
    load: () => import('./fleet.ts'),
    commands: {
      sessions: {
        summary: 'say which worker has which session',
        load: () => import('./fleet/sessions.ts'),
      },
    },
  },
  recover: { summary: 'bring sessions back online', load: () => import('./recover.ts') },
  recoveries: {
    summary: 'see what earlier recoveries did',
    commands: {
      list: { summary: 'list the recoveries', load: () => import('./recoveries/list.ts') },
      show: {
        summary: 'show one recovery, session by session',
        load: () => import('./recoveries/show.ts'),
      },
    },
  },
  preserve: {
    summary: 'store the current state of sessions, which go on running',
    load: () => import('./preserve.ts'),
  },
  backup: {
    summary: 'make, list, verify and restore backups',
    commands: {
      create: { summary: 'back sessions up now', load: () => import('./backup/create.ts') },
      list: { summary: 'list backups', load: () => import('./backup/list.ts') },
      show: { summary: 'show all about one backup', load: () => import('./backup/show.ts') },
      drill: {
        summary: 'prove that sessions can be restored, and what a lost host would cost',
        load: () => import('./backup/drill.ts'),
      },
      verify: {
        summary: 'read what is stored and name what is damaged',
        load: () => import('./backup/verify.ts'),
      },
      diff: {
        summary: 'say what changed between two backups',
        load: () => import('./backup/diff.ts'),
      },
      copy: {
        summary: 'copy what is stored to a second site, or back from there',
        load: () => import('./backup/copy.ts'),
      },
      prune: {
        summary: 'delete the backups that no rule keeps',
        load: () => import('./backup/prune.ts'),
      },
      restore: { summary: 'go back to a backup', load: () => import('./backup/restore.ts') },
      export: {
        summary: 'hand sessions out, for another program or installation',
        load: () => import('./backup/export.ts'),
      },
      key: {
        summary: 'list and change the keys that encrypt what is stored',
        commands: {
          list: { summary: 'list the keys', load: () => import('./backup/key/list.ts') },
          add: { summary: 'make a new key', load: () => import('./backup/key/add.ts') },
          rotate: {
            summary: 'write with the new key from now on',
            load: () => import('./backup/key/rotate.ts'),
          },
          reencrypt: {
            summary: 'seal everything with the key that is in use',
            load: () => import('./backup/key/reencrypt.ts'),
          },
          remove: {
            summary: 'remove a key that nothing is sealed with',
            load: () => import('./backup/key/remove.ts'),
          },
          rewrap: {
            summary: 'lock the keys with the first of WA_GATEWAY_ENCRYPTION_KEY',
            load: () => import('./backup/key/rewrap.ts'),
          },
        },
      },
    },
  },
  logs: { summary: 'show what the daemon logged lately', load: () => import('./logs.ts') },
  events: {
    summary: 'show messages, session states and recoveries as they happen',
    load: () => import('./events.ts'),
  },
  wait: {
    summary: 'wait until the worker is ready, or a session online',
    load: () => import('./wait.ts'),
  },
  doctor: {
    summary: 'find what is wrong around the worker, with the fix',
    load: () => import('./doctor.ts'),
  },
  'support-bundle': {
    summary: 'collect what helps to find an error, without secrets',
    load: () => import('./support-bundle.ts'),
  },
  config: {
    summary: 'show, check and begin the configuration',
    commands: {
      show: { summary: 'show every setting', load: () => import('./config/show.ts') },
      validate: {
        summary: 'name everything that is wrong with it',
        load: () => import('./config/validate.ts'),
      },
      init: {
        summary: 'write a file with every setting',
        load: () => import('./config/init.ts'),
      },
    },
  },
  completion: {
    summary: 'print the completion script of a shell',
    load: () => import('./completion.ts'),
  },
  demo: {
    summary: 'see sessions survive a kill and a lost disk, without a phone',
    load: () => import('./demo.ts'),
  },
  simulator: {
    summary: 'run a WhatsApp server for trying things out',
    load: () => import('./simulator.ts'),
  },
}

/** `mute`: what is wrong with the command line is thrown alone, and not told. */
export function createProgram(context: Context, mute = false): Command {
  const program = new Command('wa-gateway')
    .description('A WhatsApp gateway whose sessions survive restarts, lost disks and lost hosts.')
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .option('--socket <path>', "the daemon's control socket")
    .option('--config <file>', 'the configuration file, instead of looking for one')
    .option('--json', 'print JSON: one object, or one a line for what streams')
    .option('--no-color', 'print no colours, as NO_COLOR does')
    .option('--timeout <seconds>', 'stop waiting after this long', seconds)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => {
        if (!mute) context.stderr.write(text)
      },
      getOutHelpWidth: () => context.columns ?? 80,
      getErrHelpWidth: () => context.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('try: add --help')
    .exitOverride()
  add(program, COMMANDS, context)
  return program
}

function add(parent: Command, commands: Record<string, Leaf | Group>, context: Context): void {
  for (const [name, entry] of Object.entries(commands)) {
    const child = parent
      .command(name)
      .summary(entry.summary)
      .description(sentence(entry.summary))
      .helpCommand(false)
    if ('commands' in entry) add(child, entry.commands, context)
  }
  parent.hook('preSubcommand', async (_, chosen) => {
    const entry = commands[chosen.name()]
    if (entry?.load !== undefined) (await entry.load()).define(chosen, context)
  })
}

/** Gives a command that `words` name its arguments and options, where it has any. */
export async function loadCommand(
  words: readonly string[],
  command: Command,
  context: Context,
): Promise<void> {
  let entry: Leaf | Group | undefined = { summary: '', commands: COMMANDS }
  for (const word of words)
    entry = entry !== undefined && 'commands' in entry ? entry.commands[word] : undefined
  if (entry !== undefined && 'load' in entry) (await entry.load()).define(command, context)
}

/**
 * Every command by its words, in the order of the help; groups have commands of their own, and what
 * `acts` does something by itself.
 */
export function commandPaths(
  commands: Record<string, Leaf | Group> = COMMANDS,
  before: readonly string[] = [],
): { words: readonly string[]; group: boolean; acts: boolean }[] {
  return Object.entries(commands).flatMap(([name, entry]) => {
    const words = [...before, name]
    const acts = entry.load !== undefined
    if (!('commands' in entry)) return [{ words, group: false, acts }]
    return [{ words, group: true, acts }, ...commandPaths(entry.commands, words)]
  })
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

function seconds(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('give a number of seconds above 0.')
}
