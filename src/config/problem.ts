import { GatewayError } from '../session/errors.ts'

/** One thing that is wrong with the configuration. */
export interface Problem {
  /** The environment name of the setting, or the file. */
  setting: string
  /** What is wrong; never contains a secret. */
  message: string
  /** Where the value came from, as text; absent when the value is missing. */
  origin?: string
}

/** Every problem at once, as one `config.invalid`. */
export class ConfigError extends GatewayError {
  readonly problems: readonly Problem[]
  /** What was odd beside the problems: a misspelt variable may be the reason for a missing one. */
  readonly warnings: readonly string[]

  constructor(problems: readonly Problem[], warnings: readonly string[] = []) {
    const lines = problems.map(
      ({ setting, message, origin }) =>
        `${setting}: ${message}${origin === undefined ? '' : ` (${origin})`}`,
    )
    super({
      code: 'config.invalid',
      message:
        lines.length === 1
          ? `the configuration is wrong: ${lines[0]}`
          : `the configuration has ${lines.length} problems:\n  ${lines.join('\n  ')}`,
      subject: problems.map((p) => p.setting).join(', '),
      hint: '`wa-gateway config show --origin` says where each value comes from; the README lists every setting',
    })
    this.name = 'ConfigError'
    this.problems = Object.freeze([...problems])
    this.warnings = Object.freeze([...warnings])
  }
}
