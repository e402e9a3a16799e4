import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { wa } from '../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../support/fake-daemon.ts'
import { session } from '../support/fake-methods.ts'
import { BIN } from '../support/gateway.ts'
import { Terminal } from '../support/tmux.ts'

// The Tab key as a person presses it: each shell in a real terminal, with the script where its help
// says that it goes. Needs bash, zsh, fish and tmux.

// Each waits for many screens, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 })

/** `clear`: the keys that end a menu, and take away the line and what is above it. */
const SHELLS = {
  bash: {
    file: 'wa-gateway.bash',
    program: ['bash', '--norc', '--noprofile', '-i'],
    begin: (dir: string) => `source ${dir}/wa-gateway.bash`,
    clear: ['C-u', 'C-l'],
  },
  zsh: {
    file: 'functions/_wa-gateway',
    program: ['zsh', '--no-rcs', '-i'],
    begin: (dir: string) =>
      `fpath=(${dir}/functions $fpath); autoload -Uz compinit; compinit -u -D`,
    clear: ['C-c', 'C-u', 'C-l'],
  },
  fish: {
    file: '.config/fish/completions/wa-gateway.fish',
    program: [
      'fish',
      '--private',
      '-C',
      "set -g fish_greeting; function fish_prompt; echo -n '$ '; end",
    ],
    begin: () => 'set -g fish_autosuggestion_enabled 0',
    clear: ['C-c', 'C-u', 'C-l'],
  },
}
type Shell = keyof typeof SHELLS
const NAMES = Object.keys(SHELLS) as Shell[]

let dir: string
let daemon: FakeDaemon
let terminal: Terminal

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-tab-'))
  daemon = await startFakeDaemon()
  daemon.sessions.set('shop@berlin+1', session('shop@berlin+1'))
  await mkdir(join(dir, 'bin'))
  await mkdir(join(dir, 'functions'))
  await mkdir(join(dir, '.config/fish/completions'), { recursive: true })
  await writeFile(join(dir, 'rc-of-mine.yaml'), '')
  const program = `#!/bin/sh\nexec ${process.execPath} ${BIN} "$@"\n`
  await writeFile(join(dir, 'bin/wa-gateway'), program, { mode: 0o755 })
  for (const shell of NAMES) {
    const { stdout } = await wa(['completion', shell], {})
    await writeFile(join(dir, SHELLS[shell].file), String(stdout))
  }
})
afterAll(async () => {
  await daemon.close()
  await rm(dir, { recursive: true, force: true })
})

const expectSeen = (...wanted: Parameters<Terminal['until']>) => terminal.until(...wanted)

const openShell = async (shell: Shell) => {
  const path = `${join(dir, 'bin')}:${process.env['PATH'] ?? ''}`
  const env = { WA_GATEWAY_SOCKET: daemon.socketPath, HOME: dir, PATH: path }
  const size = { columns: 80, rows: 24 }
  terminal = await Terminal.start(size, env, SHELLS[shell].program)
  await terminal.run(`cd ${dir}`)
  await terminal.run(SHELLS[shell].begin(dir))
  await terminal.run('expr 40 + 2')
  await terminal.until('the shell to be ready', /^42/m)
}

describe.each(NAMES)('%s', (shell) => {
  beforeEach(async () => {
    await openShell(shell)
    await clear()
  })
  afterEach(() => terminal[Symbol.asyncDispose]())

  const clear = async () => {
    await terminal.press(...SHELLS[shell].clear)
    await expectSeen('an empty screen', /^\$\s*$/)
  }

  test('what is begun is completed', async () => {
    for (const [typed, completed] of [
      ['stat', 'status'],
      ['session pa', 'session pa'],
      ['session paus', 'session pause'],
      ['session pause an', 'session pause anna'],
      ['session pause sh', 'session pause shop@berlin+1'],
      ['session pause shop@b', 'session pause shop@berlin+1'],
      ['recover --session b', 'recover --session ben'],
      ['recover --session=b', 'recover --session=ben'],
      ['recover --all --take', 'recover --all --take-over'],
      ['logs --level f', 'logs --level fatal'],
      ['--config rc-of', '--config rc-of-mine.yaml'],
      ['session import rc-', 'session import rc-of-mine.yaml'],
    ] as const) {
      await terminal.type(`wa-gateway ${typed}`)
      await terminal.press('Tab')
      const line = `$ wa-gateway ${completed}`
      await expectSeen(line, (screen) => screen.split('\n')[0]?.trimEnd() === line)
      await clear()
    }
  })

  test('what may come is listed', async () => {
    for (const [typed, listed] of [
      ['session pause ', [/\banna\b/, /\bben\b/, /shop@berlin\+1/]],
      ['session pa', [/\bpair\b/, /\bpause\b/]],
      ['completion ', [/\bbash\b/, /\bzsh\b/, /\bfish\b/]],
    ] as const) {
      await terminal.type(`wa-gateway ${typed}`)
      await terminal.press('Tab', 'Tab')
      await expectSeen(`what follows ${typed}`, (screen) => {
        const below = screen.split('\n').slice(1).join('\n')
        return listed.every((word) => word.test(below))
      })
      await clear()
    }
  })

  test('a daemon elsewhere is asked where the line says so', async () => {
    const other = await startFakeDaemon()
    try {
      other.sessions.set('zoe', session('zoe'))
      await terminal.type(`wa-gateway --socket ${other.socketPath} session pause z`)
      await terminal.press('Tab')
      // The path may be long enough for the line to go on in the next.
      await expectSeen('the name', (screen) => /sessionpausezoe/.test(screen.replaceAll(/\s/g, '')))
    } finally {
      await other.close()
    }
    await clear()
    await terminal.type('true && wa-gateway session show be')
    await terminal.press('Tab')
    await expectSeen('the second command completed', /show ben/)
    expect(await terminal.screen()).not.toMatch(/error|not found/i)
  })
})
