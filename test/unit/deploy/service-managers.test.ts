import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inspectConfig } from '../../../src/config/load.ts'
import { OPTION_NAMES, OPTIONS } from '../../../src/config/options.ts'

const ROOT = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8')

/** The settings of a unit, `Name=value` a line, without comments. */
const lines = (unit: string) =>
  read(`deploy/systemd/${unit}`)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))

const value = (unit: string, name: string) =>
  lines(unit)
    .find((line) => line.startsWith(`${name}=`))
    ?.slice(name.length + 1)

const UNITS = ['wa-gateway.service', 'wa-gateway@.service']

test('the template is the unit, with a directory and a name for each instance', () => {
  const [single = [], template = []] = UNITS.map(lines)
  expect(template.filter((line) => !single.includes(line))).toEqual([
    'Description=WhatsApp gateway, worker %i',
    'StateDirectory=wa-gateway/%i',
    'RuntimeDirectory=wa-gateway/%i',
    'WorkingDirectory=%S/wa-gateway/%i',
    'Environment=WORKER_ID=%i',
    'EnvironmentFile=-/etc/wa-gateway/%i.env',
  ])
})

test.each(UNITS)('%s tells the daemon how long it may take to stop', (unit) => {
  const seconds = Number(/^(\d+)s$/.exec(value(unit, 'TimeoutStopSec') ?? '')?.[1])
  expect(value(unit, 'Environment')).toBe(`WA_GATEWAY_STOP_LIMIT=${seconds * 1_000}`)
})

test.each(UNITS)('the credentials of %s are the secrets that there are', (unit) => {
  const asked = lines(unit).flatMap((line) => /^LoadCredential=(.*)$/.exec(line)?.[1] ?? [])
  const secrets = OPTION_NAMES.map((name) => OPTIONS[name])
    .filter(({ secret }) => secret === true)
    .map(({ env }) => env)
  expect(asked.toSorted()).toEqual(secrets.toSorted())
})

/** Settings of ours that a file gives, `NAME=value` or `NAME: value` or `name: NAME, value: '…'`. */
function given(text: string): Record<string, string> {
  const known = OPTION_NAMES.map((name) => OPTIONS[name].env).join('|')
  const pattern = new RegExp(
    `\\b(${known})(?:=|: |, value: |\\n\\s*value: )(?:'([^'\\n]+)'|([^\\s'\\\\]+))`,
    'g',
  )
  return Object.fromEntries(
    [...text.matchAll(pattern)].map(([, name = '', quoted, plain]) => [
      name,
      quoted ?? plain ?? '',
    ]),
  )
}

const SECRETS = {
  MINIO_ACCESS_KEY: 'a',
  MINIO_SECRET_KEY: 'b',
  WORKER_AUTH_TOKEN: 'c',
  WA_GATEWAY_HTTP_TOKEN: 'd'.repeat(16),
  WA_GATEWAY_ENCRYPTION_KEY: Buffer.from(Array.from({ length: 32 }, (_, i) => i)).toString('hex'),
}

test.each([
  ['deploy/systemd/wa-gateway.service', {}],
  ['deploy/docker/compose.yaml', { WA_GATEWAY_STATE_DIR: '/var/lib/wa-gateway/state' }],
  ['deploy/kubernetes/wa-gateway.yaml', { WORKER_ID: 'wa-gateway-0' }],
])('the settings in %s are a configuration that a daemon starts with', (path, more) => {
  const settings = given(read(path))
  expect(settings).toHaveProperty('WA_GATEWAY_STOP_LIMIT')
  const secrets = path.includes('systemd') ? {} : SECRETS
  if (!('BACKEND_URL' in settings)) delete (secrets as Partial<typeof SECRETS>).WORKER_AUTH_TOKEN
  const env = {
    ...settings,
    ...secrets,
    ...more,
    ...(settings['WORKER_ENDPOINT'] && { WORKER_ENDPOINT: 'http://wa-gateway-0:8080' }),
  }
  const found = inspectConfig({ env, cwd: '/', home: '/h', uid: 1, hostname: 'host', places: [] })
  expect(found.problems).toEqual([])
  expect(found.warnings).toEqual([])
})

test('the pod is killed after preStop and the limit that the daemon knows', () => {
  const manifest = read('deploy/kubernetes/wa-gateway.yaml')
  const number = (pattern: RegExp) => Number(pattern.exec(manifest)?.[1])
  const grace = number(/terminationGracePeriodSeconds: (\d+)/) * 1_000
  const preStop = number(/setTimeout\(\(\) => \{\}, (\d+)\)/)
  expect(preStop + Number(given(manifest)['WA_GATEWAY_STOP_LIMIT'])).toBe(grace)
})

test('the container is killed after the limit that the daemon knows', () => {
  const compose = read('deploy/docker/compose.yaml')
  const grace = Number(/stop_grace_period: (\d+)s/.exec(compose)?.[1]) * 1_000
  expect(given(compose)['WA_GATEWAY_STOP_LIMIT']).toBe(String(grace))
})

test('the image is made of what the repository has, with the Node that is tested', () => {
  const dockerfile = read('deploy/docker/Dockerfile')
  const { devDependencies } = JSON.parse(read('package.json')) as {
    devDependencies: Record<string, string>
  }
  const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
  expect(new Set(images)).toEqual(new Set([`node:${devDependencies['node']}-bookworm-slim`]))
  const there = new Set(readdirSync(ROOT))
  const ignored = read('.dockerignore').split('\n')
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, from = '']) =>
    from.split(' '),
  )
  expect(copied.length).toBeGreaterThan(5)
  for (const from of copied) {
    expect(there).toContain(from)
    expect(ignored).toContain(`!${from}`)
  }
})
