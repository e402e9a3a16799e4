import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { encodeValue } from '../../../src/authstate/codec.ts'
import type { AuthStore } from '../../../src/authstate/port.ts'
import { decodeRecord, encodeRecord } from '../../../src/authstate/record.ts'
import { SESSIONS, changeAt, imageValues, imagesOf } from '../../support/authstate-child.ts'
import { openTestStore, temporaryDirectory } from '../../support/authstate.ts'
import { sessionImage, valuesOf } from '../../support/session-image.ts'

const CHILD = fileURLToPath(new URL('../../support/authstate-child.ts', import.meta.url))
const ROUNDS = 10

interface Seen {
  /** The newest acknowledged change of each session. */
  acknowledged: Map<string, number>
  boot: string
  /** The last slot that was confirmed. */
  slot: number
}

/** Runs the child until it printed `lines` lines, kills it, returns what it had printed. */
async function killAfter(stateDir: string, lines: number): Promise<Seen> {
  const child = spawn(process.execPath, [CHILD, stateDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const acknowledged = new Map<string, number>()
  let [boot, slot, seen] = ['', -1, 0]
  for await (const line of createInterface({ input: child.stdout })) {
    const [first = '', second = '', third] = line.split(' ')
    if (first === 'slot') [boot, slot] = [second, Number(third)]
    else acknowledged.set(first, Math.max(acknowledged.get(first) ?? 0, Number(second)))
    seen += 1
    if (seen === lines) child.kill('SIGKILL')
  }
  const [, signal] = (await exited) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return { acknowledged, boot, slot }
}

/**
 * Plays the changes from the creds on: the file must hold exactly them. The journal must hold, as
 * one chain up to the same hash, those that no bundle has.
 */
async function expectReplay(store: AuthStore, sessionId: string): Promise<void> {
  const { seq: end = 0, storedSeq = 0, backlogBytes } = store.find(sessionId) ?? {}
  const journal = store.journal(sessionId, 0, Infinity)
  expect(journal.map((entry) => entry.seq)).toEqual(
    Array.from({ length: end - storedSeq }, (_, n) => storedSeq + 1 + n),
  )
  expect(backlogBytes).toBe(journal.reduce((sum, entry) => sum + entry.record.length, 0))
  const times = new Map(journal.map(({ seq, record }) => [seq, decodeRecord(record).at]))
  const atOf = (seq: number): number => times.get(seq) ?? 0
  const expected = new Map<string, Uint8Array>()
  const known = Math.max(1, storedSeq)
  const records: Buffer[] = []
  let hash: Uint8Array = Buffer.from(store.hashAt(sessionId, known) ?? '', 'hex')
  for (let seq = 2; seq <= end; seq += 1) {
    const writes = Object.entries(changeAt(sessionId, seq)).flatMap(([type, values]) =>
      Object.entries(values).map(([id, value]) => ({
        type,
        id,
        value: value === null ? null : encodeValue(value),
      })),
    )
    if (seq > known) {
      const change = encodeRecord(seq, hash, writes, atOf(seq))
      hash = change.hash
      records.push(Buffer.from(change.record))
    }
    for (const { type, id, value } of writes)
      if (value === null) expected.delete(`${type} ${id}`)
      else expected.set(`${type} ${id}`, value)
  }
  const kept = journal.filter((entry) => entry.seq > known)
  expect(kept.map(({ record }) => Buffer.from(record))).toEqual(records)
  const image = await store.image(sessionId)
  expect(image.hash).toBe(Buffer.from(hash).toString('hex'))
  const found = image.entries
    .filter((entry) => entry.type !== 'creds')
    .map((entry) => [`${entry.type} ${entry.id}`, Buffer.from(entry.value)])
  expect(Object.fromEntries(found)).toEqual(
    Object.fromEntries(Array.from(expected, ([key, value]) => [key, Buffer.from(value)])),
  )
}

/** A restored session is as it was installed, or with its one change: all of it either way. */
async function expectImages(store: AuthStore): Promise<void> {
  for (const sessionId of imagesOf(store)) {
    const { seq, entries } = await store.image(sessionId)
    const values = valuesOf(sessionImage(sessionId, imageValues(sessionId)).entries)
    if (seq === 2)
      for (const [type, ofType] of Object.entries(changeAt(sessionId, 2)))
        for (const [id, value] of Object.entries(ofType))
          if (value === null) delete values[`${type} ${id}`]
          else values[`${type} ${id}`] = Buffer.from(encodeValue(value)).toString('hex')
    expect(valuesOf(entries)).toEqual(values)
    expect(store.find(sessionId)?.keys).toBeGreaterThanOrEqual(Object.keys(values).length)
    const handle = await store.open(sessionId)
    await handle.close()
  }
}

test(
  'after a SIGKILL at any moment every acknowledged change is there',
  { timeout: 120_000 },
  async () => {
    const stateDir = temporaryDirectory()
    for (let round = 0; round < ROUNDS; round += 1) {
      const { acknowledged, boot, slot } = await killAfter(
        stateDir,
        1 + Math.floor(Math.random() * 400),
      )
      const store = await openTestStore({ stateDir })
      expect(store.quarantined).toBeUndefined()
      for (const [sessionId, seq] of acknowledged)
        expect(store.find(sessionId)?.seq, `round ${round}`).toBeGreaterThanOrEqual(seq)
      await expectImages(store)
      expect(boot === '' ? 0 : store.nextSlot(boot)).toBeGreaterThan(slot)
      await store.close()
    }
    const store = await openTestStore({ stateDir })
    for (const sessionId of SESSIONS) await expectReplay(store, sessionId)
  },
)
