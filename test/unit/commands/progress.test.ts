import { expect, test } from 'vitest'
import { begin, renderBar, renderLine } from '../../../commands/render/progress.ts'
import { follow } from '../../../commands/shared/follow.ts'
import { showProgress } from '../../../commands/shared/progress.ts'
import type { Event } from '../../../src/control/api.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { terminal } from '../../support/terminal.ts'

test('a line tells the part, the bytes, the rate and the time that is left', () => {
  const progress = { ...begin(400, 0), what: 'sessions', before: 100, done: 200, bytes: 2_048 }
  expect(renderLine(progress, 10_000)).toBe('sessions 200/400 · 2.0 KiB · 10.0/s · 20s left')
  expect(renderBar({ ...progress, total: undefined }, 10_000, 80)).toBe(
    'sessions 200 · 2.0 KiB · 10.0/s',
  )
  expect(renderBar({ ...progress, done: 900 }, 10_000, 200)).toMatch(/^█{20} {2}sessions 900\/400/)
})

test('what is printed while a bar is drawn begins on a line of its own', async () => {
  const { context, stdout, stderr } = terminal()
  context.stderr.isTTY = true
  const display = showProgress(context, false)
  display.set({ total: 2, done: 1 })
  await expect.poll(stderr).toMatch(/1\/2/)
  display.print('data\n')
  expect(stdout()).toBe('data\n')
  expect(stderr().endsWith('\r\u001B[K')).toBe(true)
  display.end()
  display.end()
})

test('with --json nothing is drawn and nothing is said', () => {
  const { context, stdout, stderr } = terminal()
  const display = showProgress(context, true)
  display.set({ total: 2, done: 1 })
  display.say('words')
  display.print('data\n')
  display.end()
  expect([stdout(), stderr()]).toEqual(['data\n', ''])
})

const events = [
  { type: 'progress', what: 'logs', total: 9, done: 3 },
  { type: 'checked' },
  { type: 'progress', what: 'sessions', total: 2, done: 1 },
]

function cliOf(more?: Error) {
  const lines: object[] = []
  const client = {
    stream: async function* () {
      yield* events as unknown as Event<'backup.verify'>[]
      if (more !== undefined) throw more
    },
  }
  const { signal } = new AbortController()
  const cli = { client: client as never, signal, json: true, line: (e: object) => lines.push(e) }
  return { cli, lines }
}

test('every event is a line, and progress is no news', async () => {
  const { cli, lines } = cliOf()
  const told: string[] = []
  await follow(cli, terminal().context, 'backup.verify', { all: true }, ({ type }, display) => {
    told.push(type)
    expect('now' in display && display.now).toMatchObject({ what: 'logs', done: 3, before: 3 })
  })
  expect(lines).toEqual(events)
  expect(told).toEqual(['checked'])
})

test('Ctrl-C says that it goes on when it is run again', async () => {
  const { cli } = cliOf(new GatewayError({ code: 'interrupted', message: 'interrupted' }))
  const following = follow(cli, terminal().context, 'backup.verify', { all: true }, () => {})
  await expect(following).rejects.toMatchObject({
    code: 'interrupted',
    hint: 'run it again to go on',
  })
})
