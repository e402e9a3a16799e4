import { expect, test, vi } from 'vitest'

import { Acknowledged, ackSeqOf } from '../../../src/authstate/acknowledged.ts'
import { isPending } from '../../support/authstate.ts'

test('what is durable counts in local, what is stored in remote', () => {
  expect(ackSeqOf('local', { seq: 5, storedSeq: 3 })).toBe(5)
  expect(ackSeqOf('remote', { seq: 5, storedSeq: 3 })).toBe(3)
})

test('a promise resolves when its change is reached, and listeners hear how far it went', async () => {
  const acknowledged = new Acknowledged(1, undefined)
  const heard = vi.fn<(seq: number) => void>()
  const stop = acknowledged.listen(heard)
  const [second, third] = [acknowledged.reached(2), acknowledged.reached(3)]
  await acknowledged.reached(1)
  acknowledged.advance(2)
  await second
  expect(await isPending(third)).toBe(true)
  acknowledged.advance(2)
  acknowledged.advance(1)
  expect(acknowledged.seq).toBe(2)
  stop()
  acknowledged.advance(3)
  await third
  expect(heard.mock.calls).toEqual([[2]])
})

test('while suspended nothing is reached, and at resume all that would have been', async () => {
  const acknowledged = new Acknowledged(1, undefined)
  const set = acknowledged.reached(2)
  const seal = acknowledged.wait(2, 60_000)
  acknowledged.suspend()
  await seal
  acknowledged.advance(4)
  await acknowledged.wait(4, 60_000)
  expect(await isPending(set)).toBe(true)
  expect(acknowledged.seq).toBe(1)
  acknowledged.resume()
  await set
  expect(acknowledged.seq).toBe(4)
})

test('one that begins suspended stands where it stood', async () => {
  const acknowledged = new Acknowledged(9, 4)
  expect(acknowledged.seq).toBe(4)
  expect(await isPending(acknowledged.reached(5))).toBe(true)
  acknowledged.resume()
  expect(acknowledged.seq).toBe(9)
})

test('a wait ends at its deadline, a failure rejects it but never a promise of a set', async () => {
  const acknowledged = new Acknowledged(0, undefined)
  await acknowledged.wait(1, 0)
  await acknowledged.wait(1, 1)
  const set = acknowledged.reached(1)
  const wait = acknowledged.wait(1, 60_000)
  acknowledged.fail(new Error('the disk'))
  await expect(wait).rejects.toThrow('the disk')
  expect(await isPending(set)).toBe(true)
})
