import type { DescribedOption } from '../../src/config/describe.ts'
import { inspectConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { renderTable } from '../render/table.ts'
import type { CommonOptions, Define } from '../shared/context.ts'

const MORE = `
Shows what a daemon started here would be set to: flags win over the environment, which wins over the
file. Secrets are hidden. What is wrong is named on stderr; the exit status is 78 then.

Examples:
  $ wa-gateway config show
  $ wa-gateway config show --origin --changed
  $ wa-gateway config show --json | jq '.settings[] | select(.origin != "default")'
`

export const define: Define = (command, context) => {
  command
    .option('--origin', 'also where each value comes from')
    .option('--changed', 'only what is not the default')
    .addHelpText('after', MORE)
    .action((options: { origin?: boolean; changed?: boolean }) => {
      const { config: configFile, json } = command.optsWithGlobals<CommonOptions>()
      const { env, cwd } = context
      const found = inspectConfig({ env, cwd, configFile })
      const { file, warnings, problems } = found
      const settings = found
        .describe()
        .filter(({ origin }) => options.changed !== true || origin !== 'default')
      if (json === true)
        context.stdout.write(`${JSON.stringify({ file: file ?? null, warnings, settings })}\n`)
      else {
        context.stdout.write(render(settings, options.origin === true, context.columns))
        if (file !== undefined) context.stderr.write(`file: ${file}\n`)
        for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`)
      }
      if (problems.length > 0) throw new ConfigError(problems, warnings)
    })
}

function render(
  settings: readonly DescribedOption[],
  withOrigin: boolean,
  columns: number | undefined,
): string {
  if (settings.length === 0) return 'nothing but defaults\n'
  const rows = settings.map((one) => [one.setting, withOrigin ? short(one) : '', one.value ?? ''])
  return renderTable(['SETTING', 'FROM', 'VALUE'], rows, columns)
}

/** Where it is from, without the names that say themselves; the file is told on stderr. */
function short({ origin, setting, key }: DescribedOption): string {
  if (origin === `environment ${setting}`) return 'environment'
  return origin.startsWith('file ') && origin.endsWith(` key ${key}`) ? 'file' : origin
}
