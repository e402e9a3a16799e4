import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { complete } from '../../../commands/complete.ts'
import { renderMan } from '../../../scripts/render-man.ts'
import { renderTroubleshooting } from '../../../scripts/render-troubleshooting.ts'
import { wa } from '../../support/cli.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'
import { BIN } from '../../support/gateway.ts'
import { terminal } from '../../support/terminal.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

const offered = async (line: string, socket = daemon.socketPath) => {
  const { context } = terminal({ env: { WA_GATEWAY_SOCKET: socket } })
  return (await complete(line.split(' '), context)).map(({ word }) => word)
}

describe('what may come next', () => {
  test.each([
    ['st', ['status']],
    ['session p', ['pair', 'pause']],
    ['session pause ', ['anna', 'ben']],
    ['session pause a', ['anna']],
    ['session send anna ', []],
    ['status --why ', ['anna', 'ben']],
    ['status --wh', ['--why']],
    ['recover --session b', ['ben']],
    ['recover --session=b', ['--session=ben']],
    ['logs --level=f', ['--level=fatal']],
    ['logs --level=fatal --session a', ['anna']],
    ['status --json=', []],
    ['--timeout 5 session pause a', ['anna']],
    ['recover --session anna --take', ['--take-over']],
    ['logs --level f', ['fatal']],
    ['completion ', ['bash', 'zsh', 'fish']],
    ['--js', ['--json']],
    ['nonsense ', []],
  ])('%s', async (line, expected) => {
    expect(await offered(line)).toEqual(expect.arrayContaining(expected))
    expect(await offered(line)).toHaveLength(expected.length)
  })

  test('the daemon is the one that the line names', async () => {
    for (const named of ['--socket SOCKET', '--socket=SOCKET']) {
      const line = `${named.replace('SOCKET', daemon.socketPath)} session pause a`
      expect(await offered(line, '/nonexistent.sock')).toEqual(['anna'])
    }
  })

  test('without a daemon there are no sessions, and no words about it', async () => {
    expect(await offered('session pause ', '/nonexistent.sock')).toEqual([])
    const { stdout, stderr, exitCode } = await wa(['__complete', 'session', 'pause', ''], {})
    expect([stdout, stderr, exitCode]).toEqual(['', '', 0])
  })
})

test('bash completes by the script that is printed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wa-complete-'))
  try {
    const program = `#!/bin/sh\nexec ${process.execPath} ${BIN} "$@"\n`
    await writeFile(join(dir, 'wa-gateway'), program, { mode: 0o755 })
    const { stdout: script } = await wa(['completion', 'bash'], {})
    const ask = `${String(script)}
tab() { COMP_LINE=$1 COMP_POINT=\${#1}; _wa_gateway; echo "\${COMPREPLY[@]}"; }
tab 'wa-gateway session pause b'
tab 'wa-gateway rec'
tab 'wa-gateway session pause --js'
tab 'wa-gateway recover --session=a'`
    const { stdout } = await execa('bash', ['-c', ask], {
      env: {
        PATH: `${dir}:${process.env['PATH']}`,
        WA_GATEWAY_SOCKET: daemon.socketPath,
      },
    })
    expect(stdout).toBe('ben\nrecover recoveries\n--json\nanna')
  } finally {
    await rm(dir, { recursive: true })
  }
})

test('zsh and fish have scripts, another shell has none', async () => {
  expect((await wa(['completion', 'zsh'], {})).stdout).toMatch(/^#compdef wa-gateway\n/)
  expect((await wa(['completion', 'fish'], {})).stdout).toMatch(/complete -c wa-gateway/)
  const { stderr, exitCode } = await wa(['completion', 'csh'], {})
  expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/)
  expect(exitCode).toBe(2)
})

test('the pages of exit statuses and causes are what `npm run render` writes', () => {
  const page = readFileSync(new URL('../../../docs/TROUBLESHOOTING.md', import.meta.url), 'utf8')
  expect(page).toBe(renderTroubleshooting())
})

test('the man page is what `npm run render` writes', async () => {
  const page = readFileSync(new URL('../../../docs/wa-gateway.1', import.meta.url), 'utf8')
  expect(page).toBe(await renderMan())
})
