import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../src/session/errors.ts'
import { judgeSessions, judgeSocket, judgeUnit } from '../../../src/doctor/daemon.ts'
import { judgeFleet, type FleetFacts } from '../../../src/doctor/fleet.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { judgeLimit, judgeNode } from '../../../src/doctor/machine.ts'
import { judgeClock, judgeReach } from '../../../src/doctor/network.ts'
import { judgeSecondSite, type SecondSiteFacts } from '../../../src/doctor/second-site.ts'
import { judgeRecovery, judgeSame, judgeSettings } from '../../../src/doctor/settings.ts'
import { judgeDirectory, judgeSpace, judgeSyncs } from '../../../src/doctor/state.ts'
import { judgeEncryption, judgeRules, judgeStore } from '../../../src/doctor/store.ts'
import { lifecycleRules } from '../../../src/store/s3-rules.ts'

type Row = [verdict: Finding['verdict'], finding: Finding, words: RegExp]
const judged = (rows: Row[]) =>
  test.each(rows)('%s: %j', (verdict, finding, words) => {
    expect(finding.verdict).toBe(verdict)
    expect(finding.found).toMatch(words)
    expect(finding.fix !== undefined).toBe(verdict === 'warn' || verdict === 'fail')
  })

describe('the machine', () => {
  judged([
    ['pass', judgeNode('24.1.0'), /24\.1\.0/],
    ['fail', judgeNode('22.9.0'), /22/],
    ['warn', judgeNode('25.0.0'), /25/],
    ['pass', judgeLimit({ limit: 2_000, whose: 'the daemon', sessions: 1_000 }), /2000/],
    ['pass', judgeLimit({ limit: Infinity, whose: 'the daemon', sessions: 1_000 }), /no limit/],
    ['fail', judgeLimit({ limit: 1_024, whose: 'the daemon', sessions: 1_000 }), /1500 wanted/],
    ['warn', judgeLimit({ limit: 1_024, whose: 'this shell', sessions: 1_000 }), /this shell/],
    ['skip', judgeLimit({ limit: undefined, whose: 'this shell', sessions: 1 }), /not say/],
  ])
})

describe('the state directory', () => {
  const there = { path: '/s', there: true, writable: true, mode: 0o700, quarantined: 0 }
  const disk = { path: '/s', free: 50e9, total: 100e9, type: 0xef53 }
  judged([
    ['pass', judgeDirectory(there), /\/s/],
    ['warn', judgeDirectory({ ...there, there: false }), /not there/],
    ['fail', judgeDirectory({ ...there, writable: false }), /may not write/],
    ['warn', judgeDirectory({ ...there, mode: 0o755 }), /mode 755/],
    ['warn', judgeDirectory({ ...there, quarantined: 2 }), /quarantine/],
    ['pass', judgeSpace(disk), /46\.6 GiB of 93\.1 GiB/],
    ['warn', judgeSpace({ ...disk, free: 1e9 }), /free/],
    ['fail', judgeSpace({ ...disk, free: 1e8 }), /free/],
    ['fail', judgeSpace({ ...disk, type: 0x6969 }), /network/],
    ['pass', judgeSyncs({ took: [1, 900, 2] }), /2\.0 ms a sync, 500 a second/],
    ['warn', judgeSyncs({ took: [80, 90, 100] }), /90\.0 ms/],
    ['fail', judgeSyncs({ took: [800] }), /800/],
  ])
})

describe('the settings', () => {
  const problem = { setting: 'LOG_LEVEL', message: 'is wrong', origin: 'environment LOG_LEVEL' }
  const right = { problems: [], warnings: [], file: undefined }
  const here = { worker: 'w', store: 'folder /o' }
  judged([
    ['pass', judgeSettings(right), /without a file/],
    ['pass', judgeSettings({ ...right, file: '/etc/x/config.yaml' }), /config\.yaml/],
    ['warn', judgeSettings({ ...right, warnings: ['odd'] }), /odd/],
    ['fail', judgeSettings({ ...right, problems: [problem, problem] }), /LOG_LEVEL.*1 more/],
    ['pass', judgeRecovery({ enabled: true, timeout: 30_000 }), /on/],
    ['warn', judgeRecovery({ enabled: false, timeout: 30_000 }), /RECOVERY_ENABLED/],
    ['warn', judgeRecovery({ enabled: true, timeout: 900 }), /RECOVERY_TIMEOUT/],
    ['skip', judgeSame({ running: undefined, here }), /no daemon/],
    ['pass', judgeSame({ running: here, here }), /runs with the worker and store/],
    ['warn', judgeSame({ running: { ...here, store: 's3 a' }, here }), /store 's3 a'/],
  ])
})

describe('the store', () => {
  const store = { label: 's3 a', offHost: true, answered: 5, probed: 30 }
  const key = { kind: 's3', encrypted: true, allowPlaintext: false, keys: 2 } as const
  const rule = (more: object, prefix = '') => ({
    bucket: 'b',
    prefix,
    rules: {
      lifecycle: lifecycleRules({ Rule: { ID: 'tidy', Status: 'Enabled', ...more } }),
      versioning: 'off' as const,
    },
  })
  const expires = { Expiration: { Days: 30 } }
  judged([
    ['pass', judgeStore(store), /honours conditional writes/],
    ['warn', judgeStore({ ...store, offHost: false }), /this host/],
    ['warn', judgeStore({ ...store, probed: 5_000 }), /5000 ms/],
    ['pass', judgeEncryption(key), /2 data keys/],
    ['pass', judgeEncryption({ ...key, keys: undefined }), /first start/],
    ['warn', judgeEncryption({ ...key, allowPlaintext: true }), /plain/],
    ['warn', judgeEncryption({ ...key, encrypted: false }), /owns the accounts/],
    ['pass', judgeEncryption({ ...key, kind: 'folder', encrypted: false }), /folder/],
    ['fail', judgeRules(rule(expires)), /'tidy' deletes objects after 30 days/],
    ['fail', judgeRules(rule({ Expiration: { Date: '2030-01-01' } })), /on 2030-01-01/],
    ['fail', judgeRules(rule({ Transition: { StorageClass: 'GLACIER' } })), /moves .* to GLACIER/],
    ['fail', judgeRules(rule({ ...expires, Prefix: 'v1/workers/' })), /under v1\/workers/],
    ['fail', judgeRules(rule({ ...expires, Filter: { Prefix: 'blue/' } }, 'blue')), /under blue/],
    ['warn', judgeRules(rule({ ...expires, Filter: { Tag: { Key: 'a' } } })), /filter/],
    ['pass', judgeRules(rule({ ...expires, Prefix: 'other/' })), /nothing that is needed/],
    ['pass', judgeRules(rule({ ...expires, Status: 'Disabled' })), /nothing that is needed/],
    ['pass', judgeRules(rule({ Expiration: { ExpiredObjectDeleteMarker: true } })), /nothing/],
    [
      'warn',
      judgeRules({ bucket: 'b', prefix: '', rules: { lifecycle: [], versioning: 'on' } }),
      /versioning keeps/,
    ],
    [
      'warn',
      judgeRules({ bucket: 'b', prefix: '', rules: { lifecycle: undefined, versioning: 'off' } }),
      /cannot be read/,
    ],
  ])
})

describe('the second site', () => {
  const now = 1_700_000_000_000
  const copy = { store: 's3://copy', intervalMs: 3_600_000, completeAt: now - 600_000 }
  const of = (more: Partial<NonNullable<SecondSiteFacts['copy']>>) =>
    judgeSecondSite({ label: 's3 b/c', there: true, copy: { ...copy, ...more }, now })
  const trouble = { at: now, outcome: 'failed', detail: 'it is full' } as const
  judged([
    ['skip', judgeSecondSite(undefined), /WA_GATEWAY_COPY_TO/],
    ['pass', judgeSecondSite({ label: 's3 b/c', there: true, copy: undefined, now }), /can be co/],
    ['pass', judgeSecondSite({ label: 'x', there: false, copy: undefined, now }), /not there yet/],
    ['fail', judgeSecondSite({ label: 'x', there: false, copy, now }), /not there any more/],
    ['pass', of({}), /10 min old/],
    ['warn', of({ completeAt: now - 9_000_000 }), /150 min old/],
    ['warn', of({ trouble }), /failed: it is full/],
  ])
})

describe('the others', () => {
  const unit = {
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    UnitFileState: 'enabled',
    TimeoutStopUSec: '1min 30s',
    NRestarts: '0',
  }
  const ofUnit = (more: object) => judgeUnit({ unit: { ...unit, ...more }, stopTimeout: 10_000 })
  const view = (id: string, state: 'online' | 'failed') => ({ id, state })
  const away = (message: string) =>
    new GatewayError({ code: 'daemon.unreachable', message, hint: 'start it' })
  judged([
    ['skip', judgeClock({ ahead: [] }), /nobody/],
    ['pass', judgeClock({ ahead: [{ whose: 'the store', ms: -700 }] }), /within 1 s/],
    ['warn', judgeClock({ ahead: [{ whose: 'the store', ms: -9_000 }] }), /9\.0 s behind/],
    [
      'fail',
      judgeClock({
        ahead: [
          { whose: 'x', ms: 1 },
          { whose: 'y', ms: 6e5 },
        ],
      }),
      /y .* ahead/,
    ],
    ['pass', judgeReach({ host: 'a:443', took: 20, why: '' }), /20 ms/],
    ['fail', judgeReach({ host: 'a:443', took: undefined, why: 'ENOTFOUND' }), /ENOTFOUND/],
    ['warn', judgeSocket(away('no daemon is running: no socket'), '1.0.0'), /no daemon/],
    ['fail', judgeSocket(away('the daemon does not answer'), '1.0.0'), /not answer/],
    ['pass', judgeSessions([view('a', 'online')]), /1 of 1 online/],
    ['warn', judgeSessions([view('a', 'online'), view('b', 'failed')]), /1 of 2 online; b/],
    ['skip', judgeUnit({ unit: undefined, stopTimeout: 1 }), /no systemd/],
    ['skip', ofUnit({ LoadState: 'not-found' }), /no wa-gateway/],
    ['pass', ofUnit({}), /active \(running\), enabled/],
    ['pass', ofUnit({ TimeoutStopUSec: 'infinity' }), /active/],
    ['fail', ofUnit({ TimeoutStopUSec: '5s' }), /killed 5000 ms/],
    ['fail', ofUnit({ ActiveState: 'failed', Result: 'watchdog' }), /watchdog/],
    ['fail', ofUnit({ LoadState: 'bad-setting' }), /bad-setting/],
    ['warn', ofUnit({ NRestarts: '9' }), /restarted 9/],
    ['warn', ofUnit({ UnitFileState: 'disabled' }), /does not start/],
    ['warn', ofUnit({ NeedDaemonReload: 'yes' }), /changed on disk/],
  ])
})

describe('the fleet directory', () => {
  const worker = (name: string, standing: 'running' | 'silent') => ({ worker: name, standing })
  const published = { database: 'db:5432/f', state: 'connected', since: 1, waiting: 0 } as const
  const of = (more: Partial<FleetFacts>) =>
    judgeFleet({
      database: 'db:5432/f',
      workers: [worker('a', 'running')],
      published,
      daemon: true,
      ...more,
    })
  judged([
    ['skip', judgeFleet(undefined), /WA_GATEWAY_FLEET_URL/],
    ['pass', of({}), /no worker of 1 is silent/],
    ['pass', of({ workers: [], published: undefined, daemon: false }), /no worker has published/],
    [
      'warn',
      of({ workers: [worker('a', 'silent'), worker('b', 'running')] }),
      /a of 2 .* is silent/,
    ],
    ['warn', of({ published: undefined }), /does not know of it/],
    [
      'warn',
      of({ published: { ...published, state: 'refused', detail: 'no' } }),
      /cannot write.*no/,
    ],
    ['warn', of({ published: { ...published, state: 'away', detail: 'gone' } }), /gone/],
  ])
})
