import { Option } from 'commander'
import { loadConfig } from '../src/config/load.ts'
import { OPTION_NAMES, OPTIONS } from '../src/config/options.ts'
import { flagName, type Flags } from '../src/config/resolve.ts'
import type { CommonOptions, Define } from './shared/context.ts'
import { ExitStatus } from './shared/exit.ts'

/** Secrets are no flags: every user of the host sees them in the list of processes. */
const FLAGS = OPTION_NAMES.filter((name) => name !== 'socket' && OPTIONS[name].secret !== true)

export const define: Define = (command, context) => {
  for (const name of FLAGS)
    command.addOption(
      new Option(`${flagName(name)} <value>`, `${OPTIONS[name].env}: ${OPTIONS[name].doc}`),
    )
  command
    .addHelpText('after', '\nExample:\n  $ WA_GATEWAY_STATE_DIR=/srv/wa wa-gateway daemon\n')
    .action(async () => {
      const { config: configFile, ...flags } = command.optsWithGlobals<CommonOptions & Flags>()
      const load = () =>
        loadConfig({
          env: context.env,
          cwd: context.cwd,
          flags: Object.fromEntries(
            [...FLAGS, 'socket' as const].map((name) => [name, flags[name]]),
          ),
          configFile,
        })
      const loaded = load()
      const { runDaemon } = await import('../src/daemon/run.ts')
      const { version, stderr: log, env } = context
      const status = await runDaemon({ loaded, load, version, log, env })
      if (status !== 0) throw new ExitStatus(status)
    })
}
