import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runAt } from '../../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const run = (...args: string[]) => runAt(daemon, args)
const lines = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { type?: string })

describe('for a person', () => {
  test.each<[string, number, RegExp]>([
    ['status', 0, /worker-one, running[^]*aes-256-gcm, key (a1){8} of 2[^]*online/],
    ['status', 0, /worker-one, running[^]*no off-host copy[^]*anna +online[^]*ben +needs-pairing/],
    ['status --why ben', 0, /the phone unlinked this device[^]*next +run `wa-gateway session pair/],
    ['session list', 0, /SESSION +STATE[^]*anna +online/],
    ['session show anna', 0, /owner +worker-one \(this one\), holds it, epoch 2\nbackups +1/],
    ['session pause anna', 0, /anna is paused/],
    ['session resume anna', 0, /anna connects again/],
    ['session send anna +49-170-1234567 hello', 0, /sent 3EB0AA/],
    ['session pair carl', 0, /▄[^]*Linked devices[^]*carl is paired and online\n$/],
    ['session pair carl --code +491701234567', 0, /ABCD-1234[^]*carl is paired and online\n$/],
    ['session logout anna --confirm=anna', 0, /anna is unlinked/],
    [
      'session remove ben --confirm ben',
      0,
      /^ben is removed \(3 stored snapshots, 3\.0 KiB; 1 file in quarantine\/\)\n$/,
    ],
    [
      'session forget anna --confirm anna',
      0,
      /^anna is forgotten \(3 stored snapshots, 3\.0 KiB\)\n$/,
    ],
    ['recover --session anna', 0, /anna +recovered +warm +1\.0 s/],
    [
      'recoveries list',
      0,
      /2 +2025-06-01 12:00:00 UTC +1\.5 s +1 of 1 +0 +0 +start, list from memory\n1 /,
    ],
    ['recoveries list --limit 1', 0, /^RUN[^\n]*\n2 [^\n]*\n$/],
    [
      'recoveries show',
      0,
      /recovery +2\n[^]*1 the object store[^]*anna +recovered +cold +1\.0 s +2/,
    ],
    ['recoveries show 1', 0, /took +interrupted\n[^]*1 not settled/],
    ['recoveries show 3', 5, /^$/],
    ['preserve --session anna', 0, /anna +stored +2-40 +47\.1 KiB/],
    ['backup create --session anna', 0, /anna +stored +2-40/],
    ['backup list --session anna', 0, /anna +2-40 +2025-06-01 12:00:00 UTC/],
    ['backup verify --session anna', 0, /^1 session verified: 1 sound\n$/],
    [
      'backup verify --all',
      11,
      /^ben: cannot be recovered[^]*object: v1\/sessions\/ben\/owner\n[^]*try: put it back\n2 sessions verified: 1 sound, 1 damaged \(1 finding\)\n$/,
    ],
    [
      'backup prune --all',
      0,
      /^anna: 1 backup and 1 leftover, 2\.0 KiB, 1 kept\nben: skipped: worker 'two' owns it\n2 sessions: 1 backup and 1 leftover deleted, 2\.0 KiB; 1 skipped\n$/,
    ],
    [
      'backup prune --session anna --dry-run',
      0,
      /^anna\n +BACKUP +MADE +SIZE +WHY\nkeep +2-40 +2025-06-01 12:00:00 UTC +1\.0 KiB +newest, last\nwould go +2-31 .*no rule keeps it\nand 1 stored snapshot that no record names\n1 session: .* would go, 2\.0 KiB\n$/,
    ],
    ['backup prune --session ben', 9, /skipped: worker 'two' owns it/],
    ['backup prune --all --keep-last 1', 2, /^anna\n[^]*would go/],
    ['backup prune --all --keep-within 36h --confirm=all', 0, /^anna: 1 backup and 1 leftover/],
    ['backup prune --all --keep-within 36m', 2, /^$/],
    [
      'backup copy --to folder:/mnt/copy',
      0,
      /^2 sessions: 1 copied, 1 unchanged\n3 objects of 2\.0 KiB sent; the copy has what was stored by 2025/,
    ],
    ['backup copy --to folder:/mnt/used', 12, /1 left as they are there/],
    ['backup copy --from folder:/mnt/used', 0, /1 left as they are there/],
    ['backup copy', 2, /^$/],
    ['backup key list', 0, /(a1){8} +active[^]*locked with (c3){8}/],
    ['backup key add', 0, /(b2){8} +distributed/],
    ['backup key rotate --force', 0, /(b2){8} +retired/],
    [
      'backup diff --session anna 2-40 now --keys',
      0,
      /^from 2-40 \(change 40, 2025[^]*\) to now \(change 44\)\n[^]*session +1 +0 +2 +7\ncreds: nextPreKeyId\n\+ session 491…67\.0\n[^]*going back to 2-40:\n {2}the sessions of 2 contacts/,
    ],
    [
      'backup diff --session anna @2025-06-01T12:00:00Z 2-40',
      0,
      /^from 2025-06-01T12:00:00\.000Z \(change 40\) to 2-40 \(change 44, 2025/,
    ],
    ['backup diff --session anna @yesterday now', 2, /^$/],
    [
      'backup key reencrypt',
      3,
      /^9 objects: 7 rewritten \(1\.0 KiB\), 1 were under key (a1){8} already, 1 failed\n$/,
    ],
    [`backup key remove ${'b2'.repeat(8)} --confirm=${'b2'.repeat(8)}`, 0, /^KEY[^]*(a1){8}/],
    [`backup key remove ${'b2'.repeat(8)}`, 2, /^$/],
    ['backup key rewrap', 0, /locked with (c3){8}/],
    ['backup restore --session anna --from 2-40 --confirm anna', 0, /back at 2-40, as epoch 3/],
    [
      'backup restore --session anna --at 2025-06-01T12:00:00Z --dry-run',
      0,
      /^anna goes back to change 43[^]*and 3 changes of the log behind it\n[^]*undone {5}7 changes of 1h[^]*what it breaks:\n/,
    ],
    ['backup restore --session anna --undo --confirm anna', 0, /back at what was replaced/],
    ['backup restore --session anna --undo --from 2-40', 2, /^$/],
    ['backup restore --session anna', 2, /^$/],
  ])('%s', async (line, status, text) => {
    const { stdout, exitCode } = await run(...line.split(' '))
    expect(stdout).toMatch(text)
    expect(exitCode).toBe(status)
  })

  test('names of backups that nobody has are told', async () => {
    const { stderr, exitCode } = await run(
      ...'backup prune --session anna --drop-named nobody'.split(' '),
    )
    expect(stderr).toMatch(/^no backup that could go is named 'nobody'$/m)
    expect(exitCode).toBe(0)
  })

  test('arguments reach the daemon as it wants them', async () => {
    await run('session', 'send', 'anna', '+49 (170) 12.34-567', 'hello world')
    await run('session', 'pair', 'carl', '--code', '+49 170 1234567', '--name', 'Carl')
    await run('recover', '--session', 'anna', '--session', 'ben', '--take-over')
    await run('session', 'pair', 'carl', '--timeout', '90')
    await run('backup', 'key', 'rotate', '--force')
    expect(daemon.calls).toEqual([
      {
        method: 'session.send',
        input: { session: 'anna', to: '491701234567', text: 'hello world' },
      },
      { method: 'session.pair', input: { session: 'carl', phone: '491701234567', name: 'Carl' } },
      { method: 'recover', input: { sessions: ['anna', 'ben'], takeOver: true } },
      { method: 'session.pair', input: { session: 'carl', timeoutMs: 90_000 } },
      { method: 'backup.key.rotate', input: { force: true } },
    ])
  })
})

describe('--json', () => {
  test.each<[string, object]>([
    [
      'status',
      { worker: 'worker-one', sessions: [{ id: 'anna', state: 'online' }, { id: 'ben' }] },
    ],
    ['status --why ben', { session: { id: 'ben', cause: 'logged-out' } }],
    ['session list', { sessions: [{ id: 'anna' }, { id: 'ben' }] }],
    ['session show anna', { session: { id: 'anna' }, backups: 1 }],
    ['session pause anna', { session: { id: 'anna', state: 'closed' } }],
    ['session send anna 4917012 hello', { messageId: '3EB0AA', status: 'sent' }],
    ['session logout anna --confirm=anna', { id: 'anna', unlinked: true }],
    ['session forget ben --confirm=ben', { id: 'ben', snapshots: 3 }],
    ['session remove ben --confirm=ben', { id: 'ben', unlinked: false }],
    ['backup key list', { keys: [{ state: 'active' }] }],
    ['backup key rotate --force', { keys: [{ state: 'active' }, { state: 'retired' }] }],
    ['backup list', { backups: [{ sessionId: 'anna' }, { sessionId: 'ben' }] }],
    ['backup restore --session anna --from 2-40 --confirm=anna', { id: 'anna', epoch: 3, seq: 51 }],
  ])('%s prints one object', async (line, expected) => {
    const { stdout, stderr, exitCode } = await run(...line.split(' '), '--json')
    expect(lines(stdout)).toHaveLength(1)
    expect(lines(stdout)[0]).toMatchObject(expected)
    expect([stderr, exitCode]).toEqual(['', 0])
  })

  test('session pair prints exactly the QR codes and the result', async () => {
    const { stdout } = await run('session', 'pair', 'carl', '--json')
    expect(stdout).toBe(
      '{"type":"qr","qr":"2@first"}\n' +
        '{"type":"qr","qr":"2@second"}\n' +
        '{"type":"result","outcome":"paired","phone":"491709999999"}\n',
    )
    const code = await run('session', 'pair', 'carl', '--json', '--code', '491701234567')
    expect(code.stdout).toBe(
      '{"type":"code","code":"ABCD1234"}\n{"type":"result","outcome":"paired","phone":"491701234567"}\n',
    )
  })

  test('recover, preserve and backup create print an event a line', async () => {
    const recovery = lines((await run('recover', '--all', '--json')).stdout)
    expect(recovery.map((e) => e.type)).toEqual(['begin', 'settled', 'settled', 'end'])
    const preserved = lines((await run('preserve', '--all', '--json')).stdout)
    expect(preserved.map((e) => e.type)).toEqual(['preserved', 'preserved', 'end'])
    const copied = lines((await run('backup', 'copy', '--to', 'folder:/c', '--json')).stdout)
    expect(copied.map((e) => e.type)).toEqual(['progress', 'session', 'session', 'end'])
    const backup = lines((await run('backup', 'create', '--all', '--json')).stdout)
    expect(backup.map((e) => e.type)).toEqual(['backup', 'backup', 'end'])
  })

  test('an error is one object on stderr', async () => {
    const { stdout, stderr, exitCode } = await run('--json', 'session', 'show', 'nobody')
    expect([stdout, exitCode]).toEqual(['', 5])
    expect(lines(stderr)).toMatchObject([{ error: { code: 'session.unknown', subject: 'nobody' } }])
  })
})
