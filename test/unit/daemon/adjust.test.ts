import pino from 'pino'
import { expect, test } from 'vitest'
import type { Config } from '../../../src/config/config.ts'
import { inspectConfig } from '../../../src/config/load.ts'
import type { LivePart } from '../../../src/config/option.ts'
import { OPTION_NAMES, OPTIONS, type OptionName } from '../../../src/config/options.ts'
import { planReload } from '../../../src/config/reload.ts'
import { adjust, type Adjustable } from '../../../src/daemon/adjust.ts'
import { drillSettings, serviceSettings } from '../../../src/daemon/settings.ts'

const BASE = {
  BACKEND_URL: 'http://backend:3000',
  WORKER_AUTH_TOKEN: 'a-token',
  WORKER_ENDPOINT: 'http://worker:3001',
  WA_GATEWAY_COPY_TO: 's3://copy',
  WA_GATEWAY_COPY_ENDPOINT: 'first',
  WA_GATEWAY_COPY_ACCESS_KEY: 'key',
  WA_GATEWAY_COPY_SECRET_KEY: 'first secret',
  WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
}

/** Another value of each setting that a running daemon takes: as text, and as a part gets it. */
const CHANGED: Partial<Record<OptionName, [text: string, value: unknown]>> = {
  logLevel: ['debug', 'debug'],
  recoveryTimeout: ['41001', 41_001],
  recoveryMaxRetries: ['9', 9],
  recoveryRetryDelay: ['41003', 41_003],
  recoveryConcurrency: ['41', 41],
  recoveryRestores: ['42', 42],
  recoveryOrder: ['name', 'name'],
  recoveryDeadline: ['41004', 41_004],
  loginRate: ['43', 43],
  whatsappVersion: ['2.3000.41005', 41_005],
  maxSessions: ['44', 44],
  preserveOnShutdown: ['false', false],
  shutdownTimeout: ['41006', 41_006],
  stopLimit: ['410070', 410_070],
  backendHeartbeat: ['41008', 41_008],
  backendAssignments: ['41009', 41_009],
  backlogLimit: ['41010', 41_010],
  snapshotInterval: ['41011', 41_011],
  verifyInterval: ['41012', 41_012],
  shipWindow: ['413', 413],
  pointInTimeHours: ['45', 45],
  keepLast: ['46', 46],
  keepHourly: ['47', 47],
  keepDaily: ['49', 49],
  keepWithin: ['51h', 183_600_000],
  copyInterval: ['41014', 41_014],
  copyPrune: ['false', false],
  copyEndpoint: ['second', 'second'],
  copyPort: ['4115', 4_115],
  copyUseSsl: ['false', false],
  copyRegion: ['eu-west-3', 'eu-west-3'],
  copyAccessKey: ['another', 'another'],
  copySecretKey: ['second secret', 'second secret'],
}

const load = (env: Record<string, string>) =>
  inspectConfig({ env, cwd: '/', home: '/home/u', uid: 1, hostname: 'host', places: [] }).resolved

/** What every part was told last, as a worker that began with this configuration has it. */
function started(config: Config) {
  const told: Record<string, unknown> = {}
  const note = (name: string) => (value: unknown) => {
    told[name] = value
  }
  const logger = pino({ level: config.log.level }, { write: () => undefined })
  const settings = serviceSettings(config)
  const parts: Adjustable = {
    logger,
    engine: { change: note('engine') },
    settings,
    replica: { change: note('replica') },
    verifying: { every: note('verifying') },
    copying: { every: note('copying') },
    backPressure: { limit: note('backlog') },
    link: { every: note('heartbeat'), limit: note('assignable') },
    assignments: { every: note('assignments') },
    snapshots: { every: note('snapshots') },
  }
  const all = OPTION_NAMES.flatMap((name) => OPTIONS[name].reload ?? [])
  adjust(new Set<LivePart>(all), config, parts)
  /** `read`: what is looked up in the configuration when it is needed. */
  const running = ({ shutdown, copy }: Config) => {
    const { prune, endpoint, port, useSsl, region, accessKey, secretKey } = copy
    const secrets = [accessKey?.reveal(), secretKey?.reveal()]
    const read = { shutdown, copy: { prune, endpoint, port, useSsl, region, secrets } }
    return new Map(leaves({ level: logger.level, settings, told, read }))
  }
  return { parts, running }
}

function leaves(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]]
  return Object.entries(value).flatMap(([key, part]) => leaves(part, `${path}.${key}`))
}

const LIVE = OPTION_NAMES.filter((name) => OPTIONS[name].reload !== undefined)

test('every setting that a running daemon takes has another value here', () => {
  expect(Object.keys(CHANGED).toSorted()).toEqual(LIVE.toSorted())
})

const namesOf = (names: readonly OptionName[]) =>
  names.map((name) => [OPTIONS[name].env, name] as const)

test.each(namesOf(LIVE))('%s is what runs after a reload', (env, name) => {
  const before = load(BASE)
  const { parts, running } = started(planReload(before, before).config)
  const old = running(planReload(before, before).config)
  const [text = '', value] = CHANGED[name] ?? []
  const plan = planReload(before, load({ ...BASE, [env]: text }))
  expect(plan).toMatchObject({ applied: [{ setting: env }], restart: [] })
  adjust(plan.parts, plan.config, parts)
  const changed = [...running(plan.config)].filter(([path, now]) => old.get(path) !== now)
  expect(changed.map(([, now]) => now)).toContain(value)
})

test.each(namesOf(OPTION_NAMES.filter((name) => !LIVE.includes(name))))(
  '%s needs a restart',
  (env, name) => {
    const before = load(BASE)
    const after = { ...before, values: { ...before.values, [name]: 'changed' } }
    const plan = planReload(before, after)
    expect(plan).toMatchObject({ applied: [], restart: [{ setting: env }] })
    expect([...plan.parts]).toEqual([])
  },
)

test('a drill and a pairing go by what was changed', () => {
  const before = load(BASE)
  const plan = planReload(before, load({ ...BASE, WA_GATEWAY_RECOVERY_CONCURRENCY: '7' }))
  expect(drillSettings(plan.config)).toMatchObject({ logins: 7 })
  const { parts } = started(planReload(before, before).config)
  const more = planReload(before, load({ ...BASE, MAX_SESSIONS: '7' }))
  adjust(more.parts, more.config, parts)
  expect(parts.settings.maxSessions).toBe(7)
})
