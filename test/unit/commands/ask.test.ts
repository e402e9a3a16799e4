import { expect, test } from 'vitest'
import { ask } from '../../../commands/shared/ask.ts'
import { terminal } from '../../support/terminal.ts'

test.each([{ hidden: true }, { hidden: false }])('a line is what was typed: %j', async (how) => {
  const { context, stdin, stderr } = terminal({ canAsk: true })
  const answer = ask('Who? ', context, how)
  stdin.write('anna\n')
  expect(await answer).toBe('anna')
  expect(stderr()).toContain('Who? ')
  expect(stderr().includes('anna')).toBe(false)
})

test.each([
  ['Ctrl-C', '\u0003', true],
  ['Ctrl-D', '\u0004', true],
])('%s at a question ends it as interrupted', async (_, key, hidden) => {
  const { context, stdin } = terminal({ canAsk: true })
  const answer = ask('Who? ', context, { hidden })
  stdin.write(key)
  await expect(answer).rejects.toMatchObject({ code: 'interrupted' })
})

test('input that ends before a line ends the question', async () => {
  const { context, stdin } = terminal({ canAsk: true })
  const answer = ask('Who? ', context)
  stdin.end()
  await expect(answer).rejects.toMatchObject({ code: 'interrupted' })
})
