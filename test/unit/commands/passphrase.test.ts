import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { passphrase } from '../../../commands/shared/passphrase.ts'
import { terminal } from '../../support/terminal.ts'

const WORDS = 'seven words that nobody else would choose'

async function file(content: string, mode = 0o600): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-passphrase-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'passphrase')
  await writeFile(path, content, { mode })
  return path
}

const wanted = (path?: string) => ({ file: path, fresh: true })

test('from a file, the environment, or a file that it names', async () => {
  const path = await file(`${WORDS}\n`)
  const { context } = terminal()
  expect(await passphrase(wanted(path), context)).toBe(WORDS)
  const direct = terminal({ env: { WA_GATEWAY_PASSPHRASE: WORDS } })
  expect(await passphrase(wanted(), direct.context)).toBe(WORDS)
  const named = terminal({ env: { WA_GATEWAY_PASSPHRASE_FILE: path } })
  expect(await passphrase(wanted(), named.context)).toBe(WORDS)
})

test('asked for twice where it is chosen, once where it is known, and never shown', async () => {
  for (const fresh of [true, false]) {
    const { context, stdin, stdout, stderr } = terminal({ canAsk: true })
    const answer = passphrase({ file: undefined, fresh }, context)
    stdin.write(`${WORDS}\r`)
    await expect.poll(stderr).toContain(fresh ? 'again' : 'Passphrase')
    if (fresh) stdin.write(`${WORDS}\r`)
    expect(await answer).toBe(WORDS)
    expect(stdout() + stderr()).not.toContain('seven')
  }
})

test('two that differ, a short one, none, an empty file and Ctrl-C are refused', async () => {
  const { context, stdin, stderr } = terminal({ canAsk: true })
  const answer = passphrase(wanted(), context)
  stdin.write(`${WORDS}\r`)
  await expect.poll(stderr).toContain('again')
  stdin.write('other words\r')
  await expect(answer).rejects.toThrow('not the same')
  const short = terminal({ env: { WA_GATEWAY_PASSPHRASE: 'short' } })
  await expect(passphrase(wanted(), short.context)).rejects.toMatchObject({ code: 'usage' })
  await expect(passphrase(wanted(), terminal().context)).rejects.toMatchObject({ code: 'usage' })
  const empty = await file('\n')
  await expect(passphrase(wanted(empty), terminal().context)).rejects.toMatchObject({
    code: 'usage',
  })
  const ended = terminal({ canAsk: true })
  const asked = passphrase(wanted(), ended.context)
  ended.stdin.write('\u0003')
  await expect(asked).rejects.toMatchObject({ code: 'interrupted' })
})
