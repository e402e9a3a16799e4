import { afterEach, expect, test } from 'vitest'
import { daemonStatus } from '../../support/daemon-status.ts'
import { Bench } from '../../support/dashboard.ts'

let bench: Bench
afterEach(() => bench.dashboard.stop())

const SMALL = { columns: 80, rows: 24 }
const FAILING = {
  label: 's3 minio:9000/wa',
  offHost: true,
  healthy: false,
  detail: 'minio:9000 does not answer',
  next: 'check that the store runs',
}

test('what all sessions suffer from stands below the header, with what to do, and goes again', () => {
  bench = new Bench({ size: SMALL })
  bench.dashboard.status(daemonStatus())
  expect(bench.lines[3]).toMatch(/Sessions/)
  bench.dashboard.status(daemonStatus({ store: FAILING }))
  expect(bench.lines[3]).toBe(
    '! the object store fails: minio:9000 does not answer; check that the store runs',
  )
  expect(bench.lines[4]).toMatch(/Sessions/)
  expect(bench.lines).toHaveLength(SMALL.rows)
  // One session's copies are for the header and its page.
  const { verify } = daemonStatus()
  bench.dashboard.status(daemonStatus({ verify: { ...verify, damaged: ['anna'] } }))
  expect(bench.lines[3]).toMatch(/Sessions/)
})
