import { expect, test } from 'vitest'
import { dialError } from '../../../src/control/dial.ts'

const target = { socketPath: '/run/wa/control.sock' }
const thrown = (code: string) => Object.assign(new Error('dial'), { code })

test.each([
  ['ENOENT', 'daemon.unreachable', /no socket at/, /wa-gateway daemon/],
  ['ECONNREFUSED', 'daemon.unreachable', /nobody listens behind/, /stale/],
  ['EACCES', 'daemon.permission', /may not use/, /group/],
  ['ETIMEDOUT', 'daemon.unreachable', /does not answer/, /restart/],
  ['EAGAIN', 'daemon.unreachable', /does not answer/, /restart/],
  ['ECONNRESET', 'daemon.unreachable', /broke off/, /log/],
])('%s says what is wrong and what to type', (code, expected, message, hint) => {
  const cause = thrown(code)
  for (const error of [cause, new Error('wrapped', { cause })]) {
    const told = dialError(error, target)
    expect(told).toMatchObject({ code: expected, subject: target.socketPath, cause: error })
    expect(told.message).toMatch(message)
    expect(told.hint).toMatch(hint)
  }
})

test('over TCP no socket is spoken of', () => {
  const told = dialError(thrown('ECONNREFUSED'), { url: 'http://127.0.0.1:8080' })
  expect(told.message).toBe('nobody listens on http://127.0.0.1:8080')
  expect(told.hint).not.toMatch(/socket/)
})
