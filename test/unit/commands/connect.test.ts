import { expect, test } from 'vitest'
import { skewWarning } from '../../../commands/shared/skew.ts'
import { socketOf } from '../../../commands/shared/connect.ts'

test.each([
  [[], '/own'],
  [['/own'], '/own'],
  [['/service'], '/service'],
  [['/own', '/service'], '/own'],
])('of the sockets %j the one that is there is used', (there: string[], expected) => {
  expect(socketOf('/own', '/service', (path) => there.includes(path))).toBe(expected)
})

test.each([
  ['0.1.9', '0.1.10', /restart the daemon/],
  ['1.0.0', '0.9.9', /npm i -g wa-gateway@1\.0\.0/],
  ['0.2.0-rc1', '0.2.0', /install 0\.2\.0-rc1/],
])('daemon %s, command %s', (daemon, command, advice) => {
  expect(skewWarning(daemon, command)).toMatch(advice)
})
