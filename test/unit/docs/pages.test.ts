import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SCHEMA_VERSION as STATE_VERSION } from '../../../src/authstate/schema.ts'
import { OPTION_NAMES, OPTIONS } from '../../../src/config/options.ts'
import { PROTOCOL } from '../../../src/control/version.ts'
import { MIGRATIONS as FLEET } from '../../../src/fleet/migrations.ts'
import { SCHEMA_VERSION as REGISTRY_VERSION } from '../../../src/registry/migrations.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })]
/** Top-level directories and what follows, as prose names files of the repository. */
const PATH = /(?<![\w./$~:-])(?:bench|bin|commands|deploy|docs|scripts|src|test)\/[\w./@-]*\w/g

const SETTING = /\b(?:WA_GATEWAY|SESSION|BACKEND|MINIO|WORKER)_[A-Z_]*[A-Z](?![A-Z_*])/g
const OF_TESTS = new Set(['WA_GATEWAY_CHAOS_ROUNDS'])

const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

/** A heading's name in links. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

const anchorsOf = (page: string) =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchor(heading))

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  const broken = [...read(page).matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    const [path = '', heading] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return [link]
    return heading === undefined || anchorsOf(target).includes(heading) ? [] : [link]
  })
  expect(broken).toEqual([])
})

test.each(PAGES)('the files that %s names exist', (page) => {
  const named = new Set([...read(page).matchAll(PATH)].map(([path]) => path))
  expect([...named].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('the sources that are named without their folder exist', () => {
  const sources = globSync('{bench,bin,commands,scripts,src,test}/**/*.ts', { cwd: ROOT })
  const names = new Set(sources.map((path) => basename(path)))
  const named = read('docs/ARCHITECTURE.md').match(/[\w-]+(?:\.test)?\.ts\b/g) ?? []
  expect(named.filter((name) => !names.has(name))).toEqual([])
  expect(named.length).toBeGreaterThan(20)
})

test.each(PAGES)('the settings that %s names exist', (page) => {
  const known = new Set<string>(OPTION_NAMES.map((name) => OPTIONS[name].env))
  const named = read(page).match(SETTING) ?? []
  const unknown = named.filter((name) => !known.has(name.replace(/_FILE$/, '')))
  expect(unknown.filter((name) => !OF_TESTS.has(name))).toEqual([])
})

test('every page of docs is reached from the README', () => {
  const reached = new Set(['README.md'])
  for (const page of reached)
    for (const [, path = ''] of read(page).matchAll(/\]\(([^)\s#:]+\.md)/g))
      reached.add(join(dirname(page), path))
  expect(PAGES.filter((page) => !reached.has(page))).toEqual([])
})

test('the changelog begins with this version, and names the formats that it has', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const changes = read('CHANGELOG.md')
  expect(/^## (\S+)/m.exec(changes)?.[1]).toBe(version)
  const formats = changes.matchAll(/^\| (.+?) \| (\d+) \|$/gm)
  expect(Object.fromEntries([...formats].map(([, what, is]) => [what, Number(is)]))).toMatchObject({
    '`state.db` (`PRAGMA user_version`)': STATE_VERSION,
    '`registry.db` (`PRAGMA user_version`)': REGISTRY_VERSION,
    'fleet directory (migrations of the schema `wa_gateway`)': Object.keys(FLEET).length,
    'control API and `--json`': PROTOCOL,
  })
})
