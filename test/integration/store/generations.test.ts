import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openStore } from '../../../src/store/open.ts'
import { probeConditionalWrites } from '../../../src/store/probe.ts'
import { isGeneration } from '../../support/s3-stub-generations.ts'
import { startS3Stub } from '../../support/s3-stub.ts'

const DOCUMENT = new URL('../../../docs/STORES.md', import.meta.url)

/** The table of servers: what a stub is to behave like, and what the document says of it. */
const rows = readFileSync(DOCUMENT, 'utf8')
  .split('\n')
  .filter((line) => /^\| .*\| `/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, server = '', versions = '', mode = '', answer = '']) => ({
    server: `${server} ${versions}`.trim(),
    mode: mode.replaceAll('`', ''),
    answer,
  }))

test('the document has a table', () => {
  expect(rows.length).toBeGreaterThan(10)
})

test.each(rows)('$server: $answer', async ({ mode, answer }) => {
  if (!isGeneration(mode)) throw new Error(`no server behaves like '${mode}'`)
  const bucket = 'sessions'
  await using stub = await startS3Stub({ buckets: [bucket], generation: mode })
  const { endpoint, port, accessKey, secretKey, region } = stub
  const place = { endpoint, port, useSSL: false, accessKey, secretKey, region, bucket }
  const store = await openStore({ kind: 's3', ...place })
  try {
    const said = await probeConditionalWrites(store).then(
      () => 'ok',
      (error: Error) => error.message.replace(/^.* cannot be trusted with sessions: /, ''),
    )
    expect(said).toBe(answer)
    expect([...stub.objects(bucket).keys()]).toEqual([])
  } finally {
    await store.close()
  }
})
