import { expect, test } from 'vitest'
import { wa } from '../../support/cli.ts'

test.each([
  ['dashboard', ['dashboard']],
  ['status --watch', ['status', '--watch']],
])('%s says what to use where there is no terminal', async (_, args) => {
  const { exitCode, stdout, stderr } = await wa(args, { WA_GATEWAY_SOCKET: '/nonexistent/sock' })
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/the dashboard needs a terminal\n.*`wa-gateway status`/s)
})
