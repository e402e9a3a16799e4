import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfigFile } from '../../../src/config/file.ts'
import { OPTION_NAMES, OPTIONS } from '../../../src/config/options.ts'
import { renderExample, renderReadme } from '../../../src/config/render.ts'

const stands = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

test('README.md and .wa-gatewayrc.example are what `npm run render` writes', () => {
  expect(stands('README.md')).toBe(renderReadme(stands('README.md')))
  expect(stands('.wa-gatewayrc.example')).toBe(renderExample())
})

test('the README is changed between the markers only', () => {
  const before = 'A\n<!-- options:begin -->\nold\n<!-- options:end -->\nB\n'
  const after = renderReadme(before)
  expect(after.startsWith('A\n<!-- options:begin -->\n| ')).toBe(true)
  expect(after.endsWith('\n<!-- options:end -->\nB\n')).toBe(true)
  expect(() => renderReadme('nothing')).toThrow('options:begin')
})

test('the example with its # taken away holds every key', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wa-example-'))
  try {
    const path = join(dir, '.wa-gatewayrc')
    writeFileSync(
      path,
      renderExample()
        .replaceAll(/^#(?! )/gm, '')
        .replaceAll(/^#( +\w+:)/gm, '$1'),
    )
    const { file, problems } = readConfigFile(undefined, [path], dir)
    expect(problems).toEqual([])
    expect(new Set(file?.values.keys())).toEqual(new Set(OPTION_NAMES))
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('every row is documented and named once', () => {
  const rows = OPTION_NAMES.map((name) => OPTIONS[name])
  for (const row of rows) expect(row.doc).toMatch(/^[A-Z`].*\.$/)
  expect(new Set(rows.map((row) => row.env)).size).toBe(rows.length)
})
