import { inspectConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { EXIT } from '../../src/session/errors.ts'
import type { CommonOptions, Define } from '../shared/context.ts'
import { exitWith } from '../shared/exit.ts'

const MORE = `
Reads the configuration as the daemon would and names everything that is wrong with it, with status
78. Nothing outside is asked: \`wa-gateway doctor\` does that.

Examples:
  $ wa-gateway config validate
  $ wa-gateway config validate --config /etc/wa-gateway/config.yaml
`

export const define: Define = (command, context) => {
  command.addHelpText('after', MORE).action(() => {
    const { config: configFile, json } = command.optsWithGlobals<CommonOptions>()
    const { env, cwd } = context
    const { file, warnings, problems } = inspectConfig({ env, cwd, configFile })
    const valid = problems.length === 0
    if (json === true) {
      const answer = { valid, file: file ?? null, problems, warnings }
      context.stdout.write(`${JSON.stringify(answer)}\n`)
      return exitWith(valid ? EXIT.ok : EXIT.configuration)
    }
    for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`)
    if (!valid) throw new ConfigError(problems, warnings)
    const where = file === undefined ? 'there is no file' : `the file is ${file}`
    context.stdout.write(`the configuration is valid; ${where}\n`)
  })
}
