import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configPlaces } from '../../../src/config/file.ts'
import { load, refused } from '../../unit/config/fixture.ts'
import { writtenFiles } from './written.ts'

const { dir, put } = writtenFiles()

const here = () => ({ cwd: dir(), places: configPlaces(dir(), join(dir(), 'home')).slice(0, 5) })

test('YAML with comments in .wa-gatewayrc, relative paths from its directory', () => {
  const path = put('.wa-gatewayrc', '# ours\nrecovery:\n  timeout: 7000 # ms\nstateDir: ./state\n')
  const { config, origins, file } = load({}, { ...here(), cwd: dir() })
  expect(file).toBe(path)
  expect(config.recovery.timeout).toBe(7000)
  expect(config.stateDir).toBe(join(dir(), 'state'))
  expect(origins.recoveryTimeout).toEqual({
    kind: 'file',
    text: `file ${path} key recovery.timeout`,
  })
})

test.each([
  ['.wa-gatewayrc', '{"log": {"level": "debug"}}'],
  ['.wa-gatewayrc.json', '{"log": {"level": "debug"}}'],
  ['.wa-gatewayrc.yaml', 'log: {level: debug}'],
  ['.wa-gatewayrc.yml', 'log:\n  level: debug'],
])('%s is found', (name, content) => {
  put(name, content)
  expect(load({}, here()).config.log.level).toBe('debug')
})

test('flags > environment > file > default', () => {
  put('.wa-gatewayrc', 'recovery: {timeout: 1, retryDelay: 1, maxRetries: 1}')
  const { recovery } = load(
    { SESSION_RECOVERY_RETRY_DELAY: '2', SESSION_RECOVERY_MAX_RETRIES: '2' },
    { ...here(), flags: { recoveryMaxRetries: '3' } },
  ).config
  expect(recovery).toMatchObject({ timeout: 1, retryDelay: 2, maxRetries: 3, startupDelay: 5000 })
})

test('the first place wins, the user’s own comes before the host’s', () => {
  expect(configPlaces('/w', '/h')).toEqual([
    '/w/.wa-gatewayrc',
    '/w/.wa-gatewayrc.json',
    '/w/.wa-gatewayrc.yaml',
    '/w/.wa-gatewayrc.yml',
    '/h/.config/wa-gateway/config.yaml',
    '/etc/wa-gateway/config.yaml',
  ])
  mkdirSync(join(dir(), 'home/.config/wa-gateway'), { recursive: true })
  put('home/.config/wa-gateway/config.yaml', 'log: {level: warn}')
  expect(load({}, here()).config.log.level).toBe('warn')
  put('.wa-gatewayrc.yml', 'log: {level: error}')
  expect(load({}, here()).config.log.level).toBe('error')
})

test('a file that is named is the only one, and must exist', () => {
  put('.wa-gatewayrc', 'log: {level: warn}')
  const named = put('named.yaml', 'recovery: {timeout: 9}')
  expect(load({}, { ...here(), configFile: 'named.yaml' }).config.log.level).toBe('info')
  expect(load({ WA_GATEWAY_CONFIG: named }, here()).config.recovery.timeout).toBe(9)
  expect(load({ WA_GATEWAY_CONFIG: '/dev/null' }, here()).config.log.level).toBe('info')
  expect(refused({}, { ...here(), configFile: 'gone.yaml' }).message).toContain(
    `${join(dir(), 'gone.yaml')}: cannot be read: ENOENT (flag --config)`,
  )
})

test('a file that is there but cannot be read is a problem, not silence', () => {
  mkdirSync(join(dir(), '.wa-gatewayrc'))
  expect(refused({}, here()).message).toContain('cannot be read: EISDIR')
})

test('unknown keys are refused with what was probably meant', () => {
  const path = put(
    '.wa-gatewayrc',
    'recovery: {timeuot: 5}\nSESSION_RECOVERY_TIMEOUT: 5\nrecovry: {timeout: 5}\nstorage: s3\nlog: {level: [debug]}\n$import: other.js\n',
  )
  const { problems } = refused({}, here())
  expect(problems).toEqual([
    {
      setting: 'recovery.timeuot',
      message: 'is not a setting, did you mean recovery.timeout?',
      origin: `file ${path} key recovery.timeuot`,
    },
    expect.objectContaining({ message: 'is not a setting, did you mean recovery.timeout?' }),
    expect.objectContaining({ setting: 'recovry' }),
    expect.objectContaining({ setting: 'storage', message: 'must be a group of settings' }),
    expect.objectContaining({ setting: 'log.level' }),
    expect.objectContaining({ setting: '$import' }),
  ])
})

test('a number where text is meant is refused, for YAML has changed it already', () => {
  put('.wa-gatewayrc', 'minio: {endpoint: m, accessKey: 0123, secretKey: a}\nworker: {id: 12345}')
  const plain = { WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }
  expect(refused(plain, here()).problems).toEqual([
    expect.objectContaining({
      setting: 'WORKER_ID',
      message: expect.stringContaining('in quotes'),
    }),
    expect.objectContaining({
      setting: 'MINIO_ACCESS_KEY',
      message: expect.stringContaining('in quotes'),
    }),
  ])
})

test.each([
  ['.wa-gatewayrc', 'backend:\n  token: hush\n  url: "http://x\n', /line \d+ is not valid YAML/],
  ['.wa-gatewayrc.json', '{\n"backend": {"token": "hush"},,\n', /not valid JSON/],
  ['.wa-gatewayrc', 'backend: {token: *hush}', /line 1 is not valid YAML/],
  ['.wa-gatewayrc', 'backend: {token: !hush x}', /line 1 is not valid YAML/],
  ['.wa-gatewayrc', '- hush', /must hold settings/],
])('broken %s tells the line and nothing of its content', (name, content, words) => {
  put(name, content)
  const error = refused({}, here())
  expect(error.message).toMatch(words)
  expect(error.message).not.toContain('hush')
  expect(error.cause).toBeUndefined()
})

test('no JavaScript is run: neither as a file nor as cosmiconfig’s own settings', () => {
  mkdirSync(join(dir(), '.config'))
  for (const name of ['.wa-gatewayrc.js', '.config/config.js', 'named.js'])
    put(name, "throw new Error('this was run')")
  const before = process.cwd()
  process.chdir(dir())
  try {
    expect(load({}, here()).file).toBeUndefined()
    expect(refused({}, { ...here(), configFile: 'named.js' }).message).toContain(
      'must be JSON or YAML',
    )
  } finally {
    process.chdir(before)
  }
})
