import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { encodeValue } from '../../../src/authstate/codec.ts'
import type { AuthStore } from '../../../src/authstate/port.ts'
import { encodeRecord } from '../../../src/authstate/record.ts'
import { SESSIONS, changeAt } from '../../support/authstate-child.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'

const CHILD = fileURLToPath(new URL('../../support/authstate-child.ts', import.meta.url))
const ROUNDS = 10

/** Runs the child until it acknowledged `lines` changes, kills it, returns the last seq a session. */
async function killAfter(stateDir: string, lines: number): Promise<Map<string, number>> {
  const child = spawn(process.execPath, [CHILD, stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const acknowledged = new Map<string, number>()
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [sessionId = '', seq] = line.split(' ')
    acknowledged.set(sessionId, Math.max(acknowledged.get(sessionId) ?? 0, Number(seq)))
    seen += 1
    if (seen === lines) child.kill('SIGKILL')
  }
  const [, signal] = (await exited) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return acknowledged
}

/** Plays the changes from the creds on: the file must hold exactly them, and the same hash. */
async function expectReplay(store: AuthStore, sessionId: string): Promise<void> {
  const end = store.find(sessionId)
  const expected = new Map<string, Uint8Array>()
  let hash: Uint8Array = Buffer.from(store.hashAt(sessionId, 1) ?? '', 'hex')
  for (let seq = 2; seq <= (end?.seq ?? 0); seq += 1) {
    const writes = Object.entries(changeAt(sessionId, seq)).flatMap(([type, values]) =>
      Object.entries(values).map(([id, value]) => ({
        type,
        id,
        value: value === null ? null : encodeValue(value),
      })),
    )
    hash = encodeRecord(seq, hash, writes).hash
    for (const { type, id, value } of writes)
      if (value === null) expected.delete(`${type} ${id}`)
      else expected.set(`${type} ${id}`, value)
    expect(store.hashAt(sessionId, seq)).toBe(Buffer.from(hash).toString('hex'))
  }
  const image = await store.image(sessionId)
  expect(image.hash).toBe(Buffer.from(hash).toString('hex'))
  const found = image.entries
    .filter((entry) => entry.type !== 'creds')
    .map((entry) => [`${entry.type} ${entry.id}`, Buffer.from(entry.value)])
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Array.from(expected, ([key, value]) => [key, Buffer.from(value)])),
  )
}

test(
  'after a SIGKILL at any moment every acknowledged change is there',
  { timeout: 120_000 },
  async () => {
    const stateDir = temporaryDirectory()
    for (let round = 0; round < ROUNDS; round += 1) {
      const acknowledged = await killAfter(stateDir, 1 + Math.floor(Math.random() * 400))
      const store = await openTestStore({ stateDir })
      expect(store.quarantined).toBeUndefined()
      for (const [sessionId, seq] of acknowledged)
        expect(store.find(sessionId)?.seq, `round ${round}`).toBeGreaterThanOrEqual(seq)
      await store.close()
    }
    const store = await openTestStore({ stateDir })
    for (const sessionId of SESSIONS) await expectReplay(store, sessionId)
  },
)
