import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { worldReadable } from './readable.ts'
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts'
import type { Origin } from './origin.ts'
import type { Problem } from './problem.ts'
import { mostSimilar } from './similar.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentFindings {
  values: Map<OptionName, { raw: string; origin: Origin }>
  /** Settings that were given in a way that has a problem of its own. */
  broken: Set<OptionName>
  problems: Problem[]
  warnings: string[]
}

/** Names of ours that are no rows of the table. */
export const CONFIG_VARIABLE = 'WA_GATEWAY_CONFIG'
/** Opens portable files; only the commands that move sessions read it. */
export const PASSPHRASE_VARIABLE = 'WA_GATEWAY_PASSPHRASE'

/** Where containers mount their secrets, readable by all inside: nothing to warn of. */
const CONTAINER_SECRETS = '/run/secrets/'

/**
 * Reads every setting from the environment. An empty variable counts as unset. A secret NAME may
 * also come from the file named by NAME_FILE, or from the credential NAME of systemd.
 */
export function readEnvironment(env: Environment, cwd: string): EnvironmentFindings {
  const findings: EnvironmentFindings = {
    values: new Map(),
    broken: new Set(),
    problems: [],
    warnings: [],
  }
  for (const name of OPTION_NAMES) {
    const { env: variable, secret } = OPTIONS[name]
    const raw = env[variable]
    if (raw !== undefined && raw !== '')
      findings.values.set(name, { raw, origin: environment(variable) })
    if (secret) readSecretFile(findings, name, env, cwd)
  }
  warnOfUnknown(findings, env)
  return findings
}

const environment = (text: string): Origin => ({ kind: 'environment', text: `environment ${text}` })

function readSecretFile(
  findings: EnvironmentFindings,
  name: OptionName,
  env: Environment,
  cwd: string,
): void {
  const variable = OPTIONS[name].env
  const named = env[`${variable}_FILE`]
  if (named !== undefined && named !== '') {
    const path = resolve(cwd, named)
    const origin = environment(`${variable}_FILE (${path})`)
    if (findings.values.has(name)) {
      reject(findings, name, origin, `and ${variable}_FILE are both set: unset one of them`)
      return
    }
    try {
      findings.values.set(name, { raw: contentOf(path), origin })
      if (worldReadable(path) && !path.startsWith(CONTAINER_SECRETS))
        findings.warnings.push(
          `${path} holds ${variable} and every user of this host can read it: chmod 600 ${path}`,
        )
    } catch (error) {
      reject(findings, name, origin, `its file cannot be read: ${errorCode(error)}`)
    }
    return
  }
  const directory = env.CREDENTIALS_DIRECTORY
  if (findings.values.has(name) || directory === undefined || directory === '') return
  const path = join(directory, variable)
  const origin: Origin = { kind: 'credential', text: `credential ${variable} (${path})` }
  try {
    findings.values.set(name, { raw: contentOf(path), origin })
  } catch (error) {
    // Most secrets are not among the credentials that the unit was given.
    if (errorCode(error) === 'ENOENT') return
    reject(findings, name, origin, `its credential cannot be read: ${errorCode(error)}`)
  }
}

function reject(
  findings: EnvironmentFindings,
  name: OptionName,
  origin: Origin,
  message: string,
): void {
  findings.broken.add(name)
  findings.problems.push({ setting: OPTIONS[name].env, message, origin: origin.text })
}

const contentOf = (path: string): string => readFileSync(path, 'utf8').replace(/\r?\n$/, '')

const errorCode = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? 'unknown error'

/** A warning, not an error: a newer version's variable must not stop an older one. */
function warnOfUnknown(findings: EnvironmentFindings, env: Environment): void {
  const known = OPTION_NAMES.map((name) => OPTIONS[name])
  const names = new Set([
    CONFIG_VARIABLE,
    PASSPHRASE_VARIABLE,
    `${PASSPHRASE_VARIABLE}_FILE`,
    ...known.map((option) => option.env),
    ...known.filter((option) => option.secret).map((option) => `${option.env}_FILE`),
  ])
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith('WA_GATEWAY_') || names.has(variable)) continue
    const meant = mostSimilar(variable, [...names])
    findings.warnings.push(
      `${variable} is not a setting${meant === undefined ? '' : `, did you mean ${meant}?`} (environment)`,
    )
  }
}
