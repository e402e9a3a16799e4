import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wa } from '../../support/cli.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-config-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const run = async (args: string[], env: Record<string, string> = {}) => {
  const { stdout, stderr, exitCode } = await wa(args, env, { cwd: dir })
  return { stdout: String(stdout), stderr: String(stderr), exitCode }
}

test('show tells each value and where it comes from, and hides secrets', async () => {
  await writeFile(join(dir, '.wa-gatewayrc'), 'recovery:\n  timeout: 1234\n', { mode: 0o600 })
  const env = { WORKER_ID: 'worker-x', WA_GATEWAY_HTTP_TOKEN: 'a-token-of-the-tests' }
  const { stdout, stderr, exitCode } = await run(['config', 'show', '--origin', '--changed'], env)
  expect(stdout.replaceAll(dir, 'DIR').replaceAll(/ +/g, ' ').split('\n')).toEqual([
    'SETTING FROM VALUE',
    'SESSION_RECOVERY_TIMEOUT file 1234',
    'WORKER_ID environment worker-x',
    'WA_GATEWAY_HTTP_TOKEN environment [secret]',
    '',
  ])
  expect(stderr).toMatch(/^file: .*\nwarning: WA_GATEWAY_HTTP_TOKEN .* stays off\n$/)
  expect(exitCode).toBe(0)
  const json = await run(['config', 'show', '--json'], env)
  expect(JSON.parse(json.stdout)).toMatchObject({ file: join(dir, '.wa-gatewayrc') })
  expect(json.stdout + json.stderr).not.toContain('a-token-of-the-tests')
})

test('show and validate name everything that is wrong, with 78', async () => {
  const env = { SESSION_RECOVERY_TIMEOUT: 'soon', LOG_LEVEL: 'loud', WORKER_ID: 'worker-x' }
  for (const [command, shown] of [
    ['show', /WORKER_ID +worker-x\n/],
    ['validate', /^$/],
  ] as const) {
    const { stdout, stderr, exitCode } = await run(['config', command], env)
    expect(exitCode).toBe(78)
    expect(stderr).toMatch(
      /2 problems:\n {2}LOG_LEVEL: .*\n {2}SESSION_RECOVERY_TIMEOUT: .*\ntry: /,
    )
    expect(stdout).toMatch(shown)
  }
  const { stdout, exitCode } = await run(['config', 'validate', '--json'], env)
  expect(JSON.parse(stdout)).toMatchObject({
    valid: false,
    problems: [{ setting: 'LOG_LEVEL' }, {}],
  })
  expect(exitCode).toBe(78)
})

test('init writes every setting once, for its owner alone, and it is valid', async () => {
  const file = join(dir, 'sub', 'config.yaml')
  expect((await run(['config', 'init', 'sub/config.yaml'])).stdout).toContain(file)
  const text = await readFile(file, 'utf8')
  const example = await readFile(new URL('../../../.wa-gatewayrc.example', import.meta.url), 'utf8')
  expect(text).toBe(example)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  const again = await run(['config', 'init', 'sub/config.yaml'])
  expect(again.exitCode).toBe(2)
  expect(again.stderr).toMatch(/exists and is left alone\ntry: name another file/)
  expect(await readFile(file, 'utf8')).toBe(text)
  expect((await run(['config', 'init', '--print'])).stdout).toBe(text)
  const valid = await run(['config', 'validate', '--config', file])
  expect(valid.stdout).toBe(`the configuration is valid; the file is ${file}\n`)
})

test('init says where it may not write', async () => {
  await writeFile(join(dir, 'file'), '')
  const { stderr, exitCode } = await run(['config', 'init', 'file/sub/config.yaml'])
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/could not be written\nbecause: .*\ntry: name a file/)
})
