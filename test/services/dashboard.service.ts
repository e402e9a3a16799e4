import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { busy, type Churn } from '../support/busy-daemon.ts'
import { startFakeDaemon, type FakeDaemon } from '../support/fake-daemon.ts'
import { VERSION } from '../support/fake-methods.ts'
import { BIN, eventually } from '../support/gateway.ts'
import { Terminal } from '../support/tmux.ts'

// The dashboard as a person has it: the real program in a real terminal.

// Each waits for many screens, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000 })

const SESSIONS = 1_000
const WA = `${process.execPath} ${BIN}`
const READY = /1000 sessions: .*[^]*\[1 Sessions\][^]*> shop-/

let dir: string
let daemon: FakeDaemon
let churn: Churn
let terminal: Terminal

const start = async () => {
  daemon = await startFakeDaemon(VERSION, 200, join(dir, 'control.sock'))
  churn = busy(daemon, SESSIONS)
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-dashboard-'))
})

beforeEach(async () => {
  await start()
  return () => daemon.close()
})

beforeEach(async () => {
  const env = { WA_GATEWAY_SOCKET: daemon.socketPath, HOME: dir }
  terminal = await Terminal.start({ columns: 80, rows: 24 }, env)
  return () => terminal[Symbol.asyncDispose]()
})

afterAll(() => rm(dir, { recursive: true, force: true }))

const expectSeen = (...wanted: Parameters<Terminal['until']>) => terminal.until(...wanted)

const open = async (command = 'dashboard') => {
  await terminal.run(`${WA} ${command}`)
  return expectSeen('the dashboard', READY)
}

const expectAt = (place: string) => expectSeen(`row ${place}`, new RegExp(`\\] .* ${place}`))
const called = (method: string) =>
  eventually(`a call of ${method}`, () => daemon.calls.findLast((call) => call.method === method))
const rowUnderCursor = (screen: string) => /^>.(\S+)/m.exec(screen)?.[1]

describe('every key', () => {
  test('moves in the list', async () => {
    await open()
    const moves: [string, string][] = [
      ['j', '2/1000'],
      ['Down', '3/1000'],
      ['k', '2/1000'],
      ['Up', '1/1000'],
      ['G', '1000/1000'],
      ['g', '1/1000'],
      ['End', '1000/1000'],
      ['Home', '1/1000'],
      ['PageDown', '18/1000'],
      ['PageUp', '1/1000'],
      ['C-f', '18/1000'],
      ['C-b', '1/1000'],
    ]
    for (const [key, place] of moves) {
      await terminal.press(key)
      await expectAt(place)
    }
  })

  test('sorts and filters', async () => {
    await open()
    for (const sort of ['by name', 'last change', 'last activity', 'behind', 'worst first']) {
      await terminal.press('s')
      await expectSeen(sort, new RegExp(`1/1000 +${sort}`))
    }
    await terminal.press('/')
    await terminal.type('shop-001x')
    await expectSeen('an empty list', /nothing fits the filter 'shop-001x'/)
    await terminal.press('BSpace')
    await expectAt('1/10 of 1000')
    await terminal.press('Enter')
    await expectSeen('the filter kept', /1\/10 of 1000  \/shop-001/)
    await terminal.press('Escape')
    await expectAt('1/1000')
    await terminal.press('/')
    await terminal.type('zzz')
    await terminal.press('C-u')
    await terminal.type('failed')
    await terminal.press('Down', 'Escape')
    await expectAt('2/1000')
  })

  test('turns to the views', async () => {
    await open()
    const views: [string, RegExp][] = [
      ['2', /\[2 Recovery\][^]*queued[^]*restoring[^]*last run +2, start/],
      ['3', /\[3 Backups\][^]*BACKUP[^]*2-40/],
      ['4', /\[4 Events\]/],
      ['5', /\[5 Logs\][^]*wa-gateway starts/],
      ['1', /\[1 Sessions\]/],
      ['Tab', /\[2 Recovery\]/],
      ['BTab', /\[1 Sessions\]/],
      ['Right', /\[2 Recovery\]/],
      ['Left', /\[1 Sessions\]/],
      ['4', /\[4 Events\]/],
      ['Escape', /\[1 Sessions\]/],
    ]
    for (const [key, seen] of views) {
      await terminal.press(key)
      await expectSeen(`${key}: ${seen.source}`, seen)
    }
    const asked = daemon.calls.filter(({ method }) => method === 'backup.list').length
    await terminal.press('3', 'R')
    await eventually('the backups read anew', () =>
      daemon.calls.filter(({ method }) => method === 'backup.list').length > asked
        ? true
        : undefined,
    )
  })

  test('opens a session and the help', async () => {
    const id = rowUnderCursor(await open())
    await terminal.press('Enter')
    await expectSeen('the details', new RegExp(`${id}[^]*state[^]*what to do[^]*owner`))
    await terminal.press('G')
    await expectSeen('their end', /BACKUPS[^]*2-40/)
    await terminal.press('Escape')
    await expectSeen('the list', READY)
    await terminal.press('?')
    await expectSeen('the help', /Keys[^]*PgUp PgDn/)
    await terminal.press('PageDown')
    await expectSeen('more of it', /needs-pairing[^]*online/)
    await terminal.press('?')
    await expectSeen('the list', READY)
  })

  test('acts on the marked, or on the one under the cursor, after a yes', async () => {
    const id = rowUnderCursor(await open())
    await terminal.press('r')
    await expectSeen('the question', new RegExp(`Bring ${id} back online\\?`))
    await terminal.press('n')
    await expectSeen('the list', READY)
    expect(daemon.calls.some(({ method }) => method === 'recover')).toBe(false)

    await terminal.press('Space', 'Space')
    await expectSeen('two marks', /2 marked/)
    await terminal.press('r')
    await expectSeen('the question', /Bring 2 sessions back online\?/)
    await terminal.press('y')
    await expectSeen('the result', /recovery of 2 sessions: /)
    expect((await called('recover')).input).toMatchObject({ sessions: [id, expect.any(String)] })

    await terminal.press('g', 'p', 'y')
    expect((await called('preserve')).input).toEqual({ sessions: [id] })
    await expectSeen('what came of it', /preserved 0 of 1: it is not running/)
    await terminal.press('a')
    await expectSeen('all marked', /1000 marked/)
    await terminal.press('b')
    await expectSeen('many named', /Make a backup of 1000 sessions now\?[^]*and \d+ more/)
    await terminal.press('Enter')
    await expectSeen('the result', /backed up \d+ of 1000/)
    await terminal.press('4')
    await expectSeen('it among the events', /backed up \d+ of 1000/)
  })

  test('pairs by a QR code, or by a code where the screen is too small for that', async () => {
    daemon.methods['session.pair'] = async ({ phone }, { emit, signal }) => {
      const qr = `2@${'Ab3/'.repeat(58)}`
      emit(phone === undefined ? { type: 'qr', qr } : { type: 'code', code: 'ABCD1234' })
      await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
    }
    const id = rowUnderCursor(await open())
    await terminal.press('Q')
    await expectSeen('the question for a phone', /no room for a QR code[^]*\+49170/)
    await terminal.press('BSpace')
    await terminal.type('7x')
    await terminal.press('Enter')
    await expectSeen('the code', /Link with\s+phone number[^]*ABCD-1234/)
    expect((await called('session.pair')).input).toMatchObject({ session: id })
    await terminal.press('Escape')
    await terminal.resize(120, 50)
    await expectSeen('the list', /1000 sessions[^]*> shop-/)
    await terminal.press('Q')
    const screen = await expectSeen('the QR code', /then scan this/)
    expect(screen.split('\n').filter((line) => /[█▀▄]{3}/.test(line)).length).toBeGreaterThan(25)
    await terminal.press('q')
    await expectSeen('the list', /> shop-/)
  })
})

test('it fits every size, and draws nothing twice', async () => {
  await open()
  const sizes: [number, number][] = [
    [200, 60],
    [60, 15],
    [200, 60],
    [80, 24],
    [79, 23],
    [41, 9],
    [120, 40],
  ]
  for (const [columns, rows] of sizes) {
    await terminal.resize(columns, rows)
    churn.change(20)
    // What is seen between two frames does not count.
    const screen = await expectSeen(`${columns}x${rows}, nothing twice`, (seen) => {
      const lines = seen.trimEnd().split('\n')
      const shown = seen.match(/shop-\d+/g) ?? []
      return (
        lines.length === rows &&
        /q quit *$/.test(lines.at(-1) ?? '') &&
        seen.split('[1 Sessions]').length === 2 &&
        seen.match(/^ +SESSION/gm)?.length === 1 &&
        new Set(shown).size === shown.length
      )
    })
    expect((screen.match(/shop-\d+/g) ?? []).length).toBeGreaterThan(rows / 3)
  }
  await terminal.resize(30, 6)
  await expectSeen('what it needs', /needs 40x8/)
  await terminal.resize(80, 24)
  await terminal.press('C-l')
  await expectSeen('all of it again', READY)
})

test('changes show as they happen', async () => {
  await open()
  await terminal.press('j')
  await expectAt('2/1000')
  churn.put({ id: 'anna', state: 'failed', since: 1, messagesIn: 0, messagesOut: 0 })
  await expectSeen('the worst on top', /1001 sessions[^]*  anna +✗ failed[^]*> shop-/)
})

test('a lost daemon is told, and the dashboard comes back by itself', async () => {
  await open()
  await daemon.close()
  await expectSeen('the banner', /DAEMON LOST: what you see is \d+s old[^]*> shop-/)
  await terminal.press('j')
  await expectAt('2/1000')
  await start()
  const back = await expectSeen('the daemon again', (seen) => !seen.includes('LOST'))
  expect(back).toMatch(/1000 sessions/)
  await terminal.press('4')
  await expectSeen('both among the events', /lost the daemon[^]*the daemon is back/)
})

test('without a daemon it says so, and draws nothing', async () => {
  await daemon.close()
  await terminal.run(`${WA} dashboard; echo "status $?"`)
  const screen = await expectSeen('the status', /^status 6/m)
  expect(screen).toMatch(/no daemon is running/)
  expect(await terminal.modes()).toEqual({ alternate: false, cursor: true })
})

describe('the terminal is as it was', () => {
  const CRASH = `process.on('SIGUSR2', () => { throw new Error('a fault of the tests') })`
  type End = (pid: number) => Promise<void> | void

  test.each<[string, End, number, RegExp?]>([
    ['after q', () => terminal.press('q', 'q'), 0],
    ['after Ctrl-C', () => terminal.press('C-c'), 130],
    ['after SIGINT', (pid) => void process.kill(pid, 'SIGINT'), 130],
    ['after SIGTERM', (pid) => void process.kill(pid, 'SIGTERM'), 143],
    ['after SIGHUP', (pid) => void process.kill(pid, 'SIGHUP'), 129],
    ['after a crash', (pid) => void process.kill(pid, 'SIGUSR2'), 1, /a fault of the tests/],
  ])('%s', async (_, end, status, printed) => {
    const crash = join(dir, 'crash.mjs')
    await writeFile(crash, CRASH)
    await terminal.run(`seq 1 100; stty -a > ${dir}/before`)
    await expectSeen('the numbers', /^100\n/m)
    const before = (await terminal.scrollback()).trimEnd()
    await terminal.run(`NODE_OPTIONS='--import ${crash}' ${WA} dashboard`)
    await expectSeen('the dashboard', READY)
    expect(await terminal.modes()).toEqual({ alternate: true, cursor: false })
    churn.change(500)
    await terminal.press('j', 'G', '?')
    await expectSeen('the help', /PgUp/)
    await end(await terminal.foreground())

    await eventually('the screen to be left', async () =>
      (await terminal.modes()).alternate ? undefined : true,
    )
    await terminal.run(`echo "status $?"; stty -a > ${dir}/after`)
    await expectSeen('the status', new RegExp(`^status ${status}`, 'm'))
    expect(await terminal.modes()).toEqual({ alternate: false, cursor: true })
    const sane = (text: string) => text.replace(/rows \d+; columns \d+;/, '')
    await eventually('what stty says', async () => {
      const [was, is] = await Promise.all([
        readFile(join(dir, 'before'), 'utf8'),
        readFile(join(dir, 'after'), 'utf8'),
      ])
      return sane(was) === sane(is) ? true : undefined
    })
    const after = await terminal.scrollback()
    const line = (text: string) => text.split('\n').map((one) => one.trimEnd())
    const kept = line(before).slice(0, -1)
    expect(line(after).slice(0, kept.length)).toEqual(kept)
    expect(after).not.toMatch(/Sessions\]|1000 sessions/)
    expect(after).toMatch(printed ?? /./)
  })
})

test.each(['dashboard --readonly', 'status --watch'])('%s changes nothing', async (command) => {
  await open(command)
  await expectSeen('that it is so', /read-only/)
  for (const key of ['r', 'p', 'b', 'Q']) {
    await terminal.press(key)
    await expectSeen('the refusal', /nothing can be changed here/)
  }
  await terminal.press('?')
  await expectSeen('no such keys in the help', /nothing can be changed: started with --readonly/)
  const asked = new Set(daemon.calls.map(({ method }) => method))
  expect([...asked].toSorted()).toEqual(['events', 'session.list', 'status'])
})

const COLOR = new RegExp(`\u001B${String.raw`\[(\d+;)*3[1-8]m`}`)

test.each<[string, string, boolean]>([
  ['colours', 'dashboard', true],
  ['no colour with --no-color', '--no-color dashboard', false],
])('%s', async (_, command, colored) => {
  await open(command)
  const screen = await terminal.screen(true)
  expect(COLOR.test(screen)).toBe(colored)
  expect(screen).toMatch(/✗ failed/)
})

test('no colour with NO_COLOR, and the cursor is seen all the same', async () => {
  await terminal.run(`export NO_COLOR=1`)
  await open()
  await terminal.press('j')
  await expectAt('2/1000')
  const screen = await terminal.screen(true)
  expect(screen).not.toMatch(COLOR)
  expect(screen).toMatch(/^>.shop-/m)
})
