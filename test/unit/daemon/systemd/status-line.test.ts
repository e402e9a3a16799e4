import { expect, test } from 'vitest'
import { statusLine, type Progress } from '../../../../src/daemon/systemd/status-line.ts'

const RUNNING: Progress = {
  phase: 'running',
  storeAway: undefined,
  recovery: { phase: 'done', total: 1000, done: 1000 },
  sessions: new Map([
    ['online', 997],
    ['failed', 2],
    ['needs-pairing', 1],
    ['connecting', 3],
  ]),
  putAway: { done: 0, open: 0 },
  unstored: 0,
}

test.each<[string, Partial<Progress>]>([
  ['opening the local state', { phase: 'opening' }],
  ['starting: 0 of 0 sessions online', { phase: 'starting', sessions: new Map() }],
  [
    'starting: 0 of 0 sessions online; the object store is away: minio:9000 does not answer',
    { phase: 'starting', sessions: new Map(), storeAway: 'minio:9000 does not answer' },
  ],
  [
    'recovering: 120 of 1000 done, 118 of 1000 sessions online, 2 failed',
    {
      phase: 'recovering',
      recovery: { phase: 'running', total: 1000, done: 120 },
      sessions: new Map([
        ['online', 118],
        ['queued', 880],
        ['failed', 2],
      ]),
    },
  ],
  ['running: 997 of 1003 sessions online, 2 failed, 1 needs-pairing', {}],
  [
    'running: 997 of 1003 sessions online, 2 failed, 1 needs-pairing, recovering 1 of 3',
    { recovery: { phase: 'running', total: 3, done: 1 } },
  ],
  [
    'stopping: 640 of 998 sessions put away',
    { phase: 'stopping', putAway: { done: 640, open: 998 } },
  ],
])('%s', (line, change) => {
  expect(statusLine({ ...RUNNING, ...change })).toBe(line)
})
