import type { ConfigFile } from './file.ts'
import type { EnvironmentFindings } from './environment.ts'
import type { Kind, RawValue } from './kinds.ts'
import type { Computed, Earlier, Facts } from './option.ts'
import { OPTION_NAMES, OPTIONS, type OptionName, type Values } from './options.ts'
import { DEFAULT, type Origin } from './origin.ts'
import type { Problem } from './problem.ts'

export type Flags = { readonly [N in OptionName]?: RawValue | undefined }
export type Origins = { readonly [N in OptionName]: Origin }

export interface Sources {
  flags: Flags
  environment: Pick<EnvironmentFindings, 'values' | 'broken'>
  file: ConfigFile | undefined
  facts: Facts
  cwd: string
}

export interface Resolved {
  values: Values
  origins: Origins
  problems: Problem[]
  /** Settings whose value could not be read: rules leave them alone. */
  broken: ReadonlySet<OptionName>
}

/** How a setting is called on the command line: `--state-dir`. */
export function flagName(name: OptionName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** Flags > environment > file > default, each value parsed by its row's kind. */
export function resolveOptions(sources: Sources): Resolved {
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  const problems: Problem[] = []
  const broken = new Set(sources.environment.broken)
  for (const name of OPTION_NAMES) {
    const { env, kind, fallback } = OPTIONS[name]
    const given = pick(name, sources)
    origins[name] = given?.origin ?? DEFAULT
    const parsed =
      given === undefined
        ? undefined
        : (kind as Kind<unknown>).parse(given.raw, { base: given.base, home: sources.facts.home })
    if (parsed?.ok === true) values[name] = parsed.value
    else values[name] = fallbackValue(fallback, sources.facts, values as unknown as Earlier)
    if (given !== undefined && parsed?.ok === false) {
      broken.add(name)
      problems.push({ setting: env, message: parsed.problem, origin: given.origin.text })
    }
  }
  return {
    values: values as unknown as Values,
    origins: origins as unknown as Origins,
    problems,
    broken,
  }
}

interface Given {
  raw: RawValue
  origin: Origin
  base: string
}

function pick(name: OptionName, { flags, environment, file, cwd }: Sources): Given | undefined {
  const flag = flags[name]
  if (flag !== undefined)
    return { raw: flag, origin: { kind: 'flag', text: `flag ${flagName(name)}` }, base: cwd }
  const variable = environment.values.get(name)
  if (variable !== undefined) return { ...variable, base: cwd }
  const raw = file?.values.get(name)
  if (raw === undefined || file === undefined) return undefined
  const text = `file ${file.path} key ${OPTIONS[name].key}`
  return { raw, origin: { kind: 'file', text }, base: file.dir }
}

function fallbackValue(
  fallback: { fixed: unknown } | Computed<unknown> | undefined,
  facts: Facts,
  earlier: Earlier,
): unknown {
  if (fallback === undefined) return undefined
  return 'fixed' in fallback ? fallback.fixed : fallback.from(facts, earlier)
}
