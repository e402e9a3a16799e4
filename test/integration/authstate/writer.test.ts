import { join } from 'node:path'

import { expect, test } from 'vitest'

import { GENESIS_HASH } from '../../../src/authstate/chain.ts'
import { emptyHead, type SessionHead } from '../../../src/authstate/heads.ts'
import { encodeRecord } from '../../../src/authstate/record.ts'
import { createPrivateFile } from '../../../src/authstate/state-files.ts'
import { Writer } from '../../../src/authstate/writer.ts'
import type { GatewayError } from '../../../src/session/errors.ts'
import { temporaryDirectory } from '../../support/authstate.ts'

function unexpected(_: string, error: GatewayError): never {
  throw error
}

const SESSIONS = 200
const CHANGES = 10

const head = (n: number): SessionHead => emptyHead(n, `s${n}`)

test('sessions that write at once share commits', async () => {
  const file = join(temporaryDirectory(), 'state.db')
  createPrivateFile(file)
  const waiting = new Map<number, { seq: number; resolve: () => void }>()
  const { writer } = await Writer.start({
    file,
    onCommit: (heads) => {
      for (const { n, seq } of heads) if (waiting.get(n)?.seq === seq) waiting.get(n)?.resolve()
    },
    onDamage: unexpected,
    onFailure: (error) => {
      throw error
    },
  })
  await Promise.all(
    Array.from({ length: SESSIONS }, async (_, i) => {
      const n = i + 1
      let previous: Uint8Array = Buffer.from(GENESIS_HASH, 'hex')
      for (let seq = 1; seq <= CHANGES; seq += 1) {
        const value = Uint8Array.of(1, 192)
        const write = { type: 't', id: `${seq}`, value }
        const { record, hash } = encodeRecord(seq, previous, [write], seq)
        previous = hash
        const durable = new Promise<void>((resolve) => {
          waiting.set(n, { seq, resolve })
        })
        if (seq === 1) await writer.submit({ kind: 'create', head: head(n), record })
        else writer.enqueue({ kind: 'change', n, record }, record.length)
        await durable
      }
    }),
  )
  // Each session waits for its own changes, so at least that many commits; and few more.
  expect(writer.commits).toBeGreaterThanOrEqual(CHANGES)
  expect(writer.commits).toBeLessThan((SESSIONS * CHANGES) / 10)
  await writer.close()
})

test('a thread that dies is a failure, told once, and rejects what waits and what comes', async () => {
  const failures: GatewayError[] = []
  const { writer } = await Writer.start({
    file: join(temporaryDirectory(), 'state.db'),
    thread: new URL('./threads/dies.mjs', import.meta.url),
    onCommit: () => {
      throw new Error('nothing was committed')
    },
    onDamage: unexpected,
    onFailure: (error) => failures.push(error),
  })
  const disk = expect.objectContaining({ code: 'state.disk' })
  const waiting = [writer.submit({ kind: 'barrier' }), writer.submit({ kind: 'barrier' })]
  for (const one of waiting) await expect(one).rejects.toThrow(disk)
  await expect(writer.submit({ kind: 'barrier' })).rejects.toThrow(disk)
  writer.enqueue({ kind: 'barrier' }, 0)
  await expect(writer.close()).rejects.toThrow(disk)
  expect(failures).toEqual([writer.failure])
  expect(failures[0]?.hint).toBeDefined()
})

test('a change that does not follow on the last one is refused', async () => {
  const file = join(temporaryDirectory(), 'state.db')
  createPrivateFile(file)
  const { writer } = await Writer.start({
    file,
    onCommit: () => {},
    onDamage: unexpected,
    onFailure: () => {},
  })
  const corrupt = expect.objectContaining({ code: 'state.corrupt' })
  const { record } = encodeRecord(2, Buffer.alloc(32), [], 0)
  await expect(writer.submit({ kind: 'create', head: head(1), record })).rejects.toThrow(corrupt)
  await expect(writer.close()).rejects.toThrow(corrupt)
})
