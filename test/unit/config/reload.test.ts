import { expect, test } from 'vitest'
import { inspectConfig, loadConfig } from '../../../src/config/load.ts'
import { OPTION_NAMES, OPTIONS } from '../../../src/config/options.ts'
import { planReload } from '../../../src/config/reload.ts'

const load = (env: Record<string, string>) =>
  inspectConfig({ env, cwd: '/', home: '/home/u', uid: 1, hostname: 'host', places: [] }).resolved

const S3 = {
  MINIO_ENDPOINT: 'minio',
  MINIO_ACCESS_KEY: 'a',
  MINIO_SECRET_KEY: 'first',
  WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
}

test('nothing changed, nothing to do', () => {
  const plan = planReload(load(S3), load(S3))
  expect(plan).toMatchObject({ applied: [], restart: [], parts: new Set() })
})

test('what can change is taken, what cannot is named with the reason', () => {
  const plan = planReload(
    load({ WORKER_ID: 'one' }),
    load({ WORKER_ID: 'two', LOG_LEVEL: 'debug', WA_GATEWAY_LOGIN_RATE: '7' }),
  )
  expect(plan.applied).toEqual([
    {
      setting: 'LOG_LEVEL',
      key: 'log.level',
      from: 'info',
      to: 'debug',
      origin: 'environment LOG_LEVEL',
    },
    expect.objectContaining({ setting: 'WA_GATEWAY_LOGIN_RATE', from: '200', to: '7' }),
  ])
  expect(plan.restart).toEqual([
    expect.objectContaining({ setting: 'WORKER_ID', why: 'sessions are owned under it' }),
  ])
  expect(plan.parts).toEqual(new Set(['log', 'recovery']))
  expect(plan.config.log.level).toBe('debug')
  expect(plan.config.worker.id).toBe('one')
  // The next reload compares with what runs, not with what was found.
  expect(planReload(plan.resolved, load({ WORKER_ID: 'two' })).restart).toHaveLength(1)
})

test('a changed secret is seen and not shown', () => {
  const plan = planReload(load(S3), load({ ...S3, MINIO_SECRET_KEY: 'second' }))
  expect(plan.restart).toMatchObject([
    { setting: 'MINIO_SECRET_KEY', from: '[secret]', to: '[secret]' },
  ])
  expect(JSON.stringify(plan.restart)).not.toMatch(/first|second/)
})

test('a setting that goes back to its default is a change', () => {
  const plan = planReload(load({ LOG_LEVEL: 'debug' }), load({}))
  expect(plan.applied).toMatchObject([{ from: 'debug', to: 'info', origin: 'default' }])
})

test('every setting that needs a restart has a reason', () => {
  const before = load({})
  for (const name of OPTION_NAMES.filter((each) => OPTIONS[each].reload === undefined)) {
    const after = { ...before, values: { ...before.values, [name]: 'changed' } }
    const [change] = planReload(before, after).restart
    expect(change, name).toMatchObject({
      setting: OPTIONS[name].env,
      why: expect.stringMatching(/^\w.*\w$/),
    })
  }
})

test('a stop that takes longer than whoever started the daemon waits is refused', () => {
  const env = { WA_GATEWAY_STOP_LIMIT: '30000', GRACEFUL_SHUTDOWN_TIMEOUT: '30000' }
  const options = { cwd: '/', home: '/home/u', uid: 1, hostname: 'host', places: [] }
  expect(() => loadConfig({ env, ...options })).toThrow(
    /GRACEFUL_SHUTDOWN_TIMEOUT: 30000 is not less than 30000 of WA_GATEWAY_STOP_LIMIT \(env/,
  )
  expect(() => planReload(load({}), load({ ...env }))).toThrow(/WA_GATEWAY_STOP_LIMIT/)
  loadConfig({ env: { ...env, GRACEFUL_SHUTDOWN_TIMEOUT: '29000' }, ...options })
})
