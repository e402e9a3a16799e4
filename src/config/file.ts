import { readFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { defaultLoadersSync } from 'cosmiconfig'
import { worldReadable } from './readable.ts'
import type { RawValue } from './kinds.ts'
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts'
import type { Problem } from './problem.ts'
import { mostSimilar } from './similar.ts'

export interface ConfigFile {
  path: string
  /** Relative paths in the file start here. */
  dir: string
  values: ReadonlyMap<OptionName, RawValue>
}

export interface FileFindings {
  file: ConfigFile | undefined
  problems: Problem[]
  warnings: string[]
}

/**
 * cosmiconfig's loaders without its explorer: merely making an explorer would run
 * `.config/config.js` of the working directory, its search passes over unreadable files, and
 * `$import` would blur where a value came from.
 */
const LOADERS: Record<string, (path: string, content: string) => unknown> = {
  '': defaultLoadersSync.noExt,
  '.json': defaultLoadersSync['.json'],
  '.yaml': defaultLoadersSync['.yaml'],
  '.yml': defaultLoadersSync['.yml'],
}

const BY_KEY = new Map<string, OptionName>(OPTION_NAMES.map((name) => [OPTIONS[name].key, name]))
const GROUPS = new Set([...BY_KEY.keys()].map((key) => key.split('.')[0]))

/** The places in which the file is looked for, in this order; the first that exists is used. */
export function configPlaces(cwd: string, home: string): string[] {
  return [
    ...['', '.json', '.yaml', '.yml'].map((end) => join(cwd, `.wa-gatewayrc${end}`)),
    join(home, '.config', 'wa-gateway', 'config.yaml'),
    '/etc/wa-gateway/config.yaml',
  ]
}

/** Reads the file that was named, or the first of the places. No file is fine unless named. */
export function readConfigFile(
  named: { path: string; origin: string } | undefined,
  places: readonly string[],
  cwd: string,
): FileFindings {
  const findings: FileFindings = { file: undefined, problems: [], warnings: [] }
  for (const path of named === undefined ? places : [resolve(cwd, named.path)]) {
    let content: string
    try {
      content = readFileSync(path, 'utf8')
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
      if (named === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) continue
      findings.problems.push({
        setting: path,
        message: `cannot be read: ${code}`,
        ...(named === undefined ? {} : { origin: named.origin }),
      })
      break
    }
    parseInto(findings, path, content)
    break
  }
  return findings
}

function parseInto(findings: FileFindings, path: string, content: string): void {
  const extension = basename(path).startsWith('.wa-gatewayrc')
    ? path.slice(path.lastIndexOf('.wa-gatewayrc') + '.wa-gatewayrc'.length)
    : extname(path)
  const loader = LOADERS[extension]
  if (loader === undefined) {
    findings.problems.push({ setting: path, message: 'must be JSON or YAML: .json, .yaml or .yml' })
    return
  }
  const values = new Map<OptionName, RawValue>()
  findings.file = { path, dir: dirname(path), values }
  // The YAML parser refuses a file without any value, such as one that is all comments.
  if (content.split('\n').every((line) => /^\s*(#|$)/.test(line))) return
  let tree: unknown
  try {
    tree = loader(path, content)
  } catch (error) {
    findings.problems.push({ setting: path, message: syntaxProblem(error, content) })
    return
  }
  if (tree === null || tree === undefined) return
  if (!isGroup(tree)) {
    findings.problems.push({ setting: path, message: 'must hold settings as `key: value`' })
    return
  }
  collect(findings, path, values, tree, '')
  const secrets = [...values.keys()].filter((name) => OPTIONS[name].secret)
  if (secrets.length > 0 && worldReadable(path))
    findings.warnings.push(
      `${path} holds ${secrets.map((name) => OPTIONS[name].key).join(' and ')} and every user of this host can read it: chmod 600 ${path}`,
    )
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  )
}

function collect(
  findings: FileFindings,
  path: string,
  values: Map<OptionName, RawValue>,
  tree: Record<string, unknown>,
  prefix: string,
): void {
  for (const [part, value] of Object.entries(tree)) {
    const key = `${prefix}${part}`
    const origin = `file ${path} key ${key}`
    const name = BY_KEY.get(key)
    if (name === undefined && prefix === '' && GROUPS.has(part)) {
      if (isGroup(value)) collect(findings, path, values, value, `${part}.`)
      else if (value !== null)
        findings.problems.push({ setting: key, message: 'must be a group of settings', origin })
    } else if (name === undefined) {
      const meant = mostSimilar(key, [...BY_KEY.keys()]) ?? keyOfVariable(part)
      const help = meant === undefined ? '' : `, did you mean ${meant}?`
      findings.problems.push({ setting: key, message: `is not a setting${help}`, origin })
    } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      values.set(name, value)
    else if (value !== null)
      findings.problems.push({
        setting: key,
        message: 'must be text, a number or true or false',
        origin,
      })
  }
}

/** The key for someone who wrote the environment's name into the file. */
function keyOfVariable(word: string): string | undefined {
  const name = OPTION_NAMES.find((name) => OPTIONS[name].env === word)
  return name === undefined ? undefined : OPTIONS[name].key
}

/** Where it is wrong; the parsers' own words and excerpts may hold parts of secrets. */
function syntaxProblem(error: unknown, content: string): string {
  const { mark } = error as { mark?: { line?: unknown } }
  if (typeof mark?.line === 'number')
    return `line ${mark.line + 1} is not valid YAML: text with special characters needs quotes`
  const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
  return position === undefined
    ? 'is not valid JSON'
    : `line ${content.slice(0, Number(position)).split('\n').length} is not valid JSON`
}
