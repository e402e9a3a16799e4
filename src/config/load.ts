import { homedir, hostname } from 'node:os'
import { resolve } from 'node:path'
import { buildConfig, type Config } from './config.ts'
import { CONFIG_VARIABLE, type Environment, readEnvironment } from './environment.ts'
import { configPlaces, readConfigFile } from './file.ts'
import { ConfigError, type Problem } from './problem.ts'
import { type Flags, type Origins, type Resolved, resolveOptions } from './resolve.ts'
import { checkRules } from './rules.ts'
import { describeOptions, type DescribedOption } from './describe.ts'

export interface LoadOptions {
  env: Environment
  /** Absolute; relative paths and the search for the file start here. */
  cwd: string
  /** Values of the command line, by option name. */
  flags?: Flags | undefined
  /** `--config`: this file and no other. */
  configFile?: string | undefined
  home?: string | undefined
  uid?: number | undefined
  hostname?: string | undefined
  /** Where the file is looked for; by default configPlaces(cwd, home). */
  places?: readonly string[] | undefined
}

export interface Loaded {
  config: Config
  /** For the person who starts the program; never contain secrets. */
  warnings: readonly string[]
  origins: Origins
  /** Every value with its origin. */
  resolved: Resolved
  /** The file that was read, if any. */
  file: string | undefined
  /** Every setting with its origin, for `config show`; secrets are hidden. */
  describe: () => DescribedOption[]
}

/** What was found, right or wrong. */
export interface Inspected {
  problems: readonly Problem[]
  /** For the person who starts the program; never contain secrets. */
  warnings: readonly string[]
  file: string | undefined
  resolved: Resolved
  /** Every setting with its origin, for `config show`; secrets are hidden. */
  describe: () => DescribedOption[]
}

/** Loads the configuration, or throws a ConfigError (`config.invalid`) with every problem. */
export function loadConfig(options: LoadOptions): Loaded {
  const { problems, warnings, file, resolved, describe } = inspectConfig(options)
  if (problems.length > 0) throw new ConfigError(problems, warnings)
  return {
    config: buildConfig(resolved.values),
    warnings,
    origins: Object.freeze(resolved.origins),
    resolved,
    file,
    describe,
  }
}

/** Reads the configuration and tells what is wrong with it, instead of throwing. */
export function inspectConfig(options: LoadOptions): Inspected {
  const { env, flags = {} } = options
  const cwd = resolve(options.cwd)
  const home = options.home ?? homedir()
  const environment = readEnvironment(env, cwd)
  const found = readConfigFile(
    namedFile(options.configFile, env),
    options.places ?? configPlaces(cwd, home),
    cwd,
  )
  const resolved = resolveOptions({
    flags,
    environment,
    file: found.file,
    facts: {
      env,
      home,
      uid: options.uid ?? process.getuid?.() ?? -1,
      hostname: options.hostname ?? hostname(),
    },
    cwd,
  })
  const rules = checkRules(resolved)
  const problems = [
    ...found.problems,
    ...environment.problems,
    ...resolved.problems,
    ...rules.problems,
  ]
  const warnings = [...found.warnings, ...environment.warnings, ...rules.warnings]
  return {
    problems,
    warnings: Object.freeze(warnings),
    file: found.file?.path,
    resolved,
    describe: () => describeOptions(resolved),
  }
}

function namedFile(flag: string | undefined, env: Environment) {
  if (flag !== undefined) return { path: flag, origin: 'flag --config' }
  const path = env[CONFIG_VARIABLE]
  return path === undefined || path === ''
    ? undefined
    : { path, origin: `environment ${CONFIG_VARIABLE}` }
}
