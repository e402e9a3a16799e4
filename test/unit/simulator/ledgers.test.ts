import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConnectionLedger } from '../../../src/simulator/connection-ledger.ts'
import { InboundLedger } from '../../../src/simulator/inbound-ledger.ts'
import { OutboundLedger } from '../../../src/simulator/outbound-ledger.ts'

const OF = { device: '1:1', contact: '2', id: 'A' }

test('a message is followed from the mailbox to its receipt', () => {
  const ledger = new InboundLedger()
  ledger.sent('1:1', 'A', '2')
  expect(ledger.totals(() => true).totals).toMatchObject({ sent: 1, waiting: 1, lost: 0 })
  ledger.delivered('1:1', 'A')
  ledger.delivered('1:1', 'A')
  ledger.retryRequested('1:1', 'A')
  ledger.delivered('1:1', 'A')
  ledger.acknowledged('1:1', 'A')
  ledger.refused('1:1', 'A', '500')
  const { totals, troubled } = ledger.totals(() => false)
  expect(totals).toMatchObject({
    delivered: 1,
    redeliveries: 2,
    undecryptable: 1,
    recovered: 1,
    acknowledged: 1,
    refused: 0,
    waiting: 0,
    lost: 0,
  })
  expect(troubled).toMatchObject([{ id: 'A', fate: 'acknowledged', retries: 1 }])
})

test('neither acknowledged nor held is lost, unless the device was unlinked', () => {
  const ledger = new InboundLedger()
  for (const id of ['A', 'B', 'C', 'D']) ledger.sent('1:1', id, '2')
  ledger.refused('1:1', 'A', '487')
  ledger.unlinked('1:1', 'B')
  ledger.acknowledged('1:1', 'C')
  const { totals, troubled } = ledger.totals((_, id) => id === 'D')
  expect(totals).toMatchObject({ lost: 1, refused: 1, unlinked: 1, acknowledged: 1, waiting: 1 })
  expect(troubled).toMatchObject([{ id: 'A', refusal: '487' }])
})

test('every message has one fate, whatever happened', () => {
  const event = fc.record({
    kind: fc.constantFrom('sent', 'delivered', 'acknowledged', 'retry', 'refused', 'unlinked'),
    id: fc.constantFrom('A', 'B', 'C'),
  })
  fc.assert(
    fc.property(fc.array(event), fc.subarray(['A', 'B', 'C']), (events, held) => {
      const ledger = new InboundLedger()
      for (const { kind, id } of events) {
        if (kind === 'sent') ledger.sent('1:1', id, '2')
        else if (kind === 'delivered') ledger.delivered('1:1', id)
        else if (kind === 'acknowledged') ledger.acknowledged('1:1', id)
        else if (kind === 'retry') ledger.retryRequested('1:1', id)
        else if (kind === 'refused') ledger.refused('1:1', id, '500')
        else ledger.unlinked('1:1', id)
      }
      const { totals } = ledger.totals((_, id) => held.includes(id))
      const settled = totals.acknowledged + totals.unlinked + totals.lost
      expect(settled).toBeLessThanOrEqual(totals.sent)
      expect(settled + totals.waiting).toBeGreaterThanOrEqual(totals.sent)
      expect(totals.recovered).toBeLessThanOrEqual(totals.undecryptable)
    }),
  )
})

test('one message key for two ciphertexts is found, for the same one is not', () => {
  const ledger = new OutboundLedger()
  const key = Buffer.from('ratchet')
  ledger.ratchet(OF, { ratchetKey: key, counter: 0, bytes: Buffer.from('x') })
  ledger.ratchet(OF, { ratchetKey: key, counter: 0, bytes: Buffer.from('x') })
  ledger.ratchet(OF, { ratchetKey: key, counter: 1, bytes: Buffer.from('y') })
  ledger.ratchet({ ...OF, contact: '3' }, { ratchetKey: key, counter: 0, bytes: Buffer.from('z') })
  expect(ledger.report().totals.reusedCounters).toBe(0)
  ledger.ratchet({ ...OF, id: 'B' }, { ratchetKey: key, counter: 1, bytes: Buffer.from('z') })
  expect(ledger.report()).toMatchObject({
    totals: { reusedCounters: 1 },
    reused: [{ id: 'B', counter: 1 }],
  })
})

test('what was sent is counted once a message, and healed failures are marked', () => {
  const ledger = new OutboundLedger()
  expect([ledger.received('1:1', 'A'), ledger.received('1:1', 'A')]).toEqual([false, true])
  expect(ledger.undecryptable({ ...OF, reason: 'Bad MAC' })).toBe(1)
  expect(ledger.undecryptable({ ...OF, reason: 'Bad MAC' })).toBe(2)
  expect(ledger.wasDecrypted('1:1', '2', 'A')).toBe(false)
  ledger.decrypted({ ...OF, own: false })
  ledger.decrypted({ ...OF, own: false })
  ledger.decrypted({ ...OF, contact: '1', own: true })
  expect(ledger.report()).toMatchObject({
    totals: { received: 2, duplicates: 1, decrypted: 1, ownCopies: 1, undecryptable: 2 },
    unread: [{ id: 'A', reason: 'Bad MAC', attempts: 2, recovered: true }],
  })
})

test('logins, pairings and clashes are listed and counted', () => {
  const ledger = new ConnectionLedger()
  ledger.accepted()
  ledger.registration()
  ledger.paired('1:1')
  ledger.login('1:1')
  ledger.duplicate('1:1')
  ledger.login('1:1')
  ledger.rejectedLogin()
  ledger.unlinked('1:1')
  ledger.protocolError('nonsense')
  expect(ledger.loginsOf('1:1')).toBe(2)
  expect(ledger.loginsOf('1:2')).toBe(0)
  const { totals, duplicates } = ledger.report()
  expect(totals).toMatchObject({
    accepted: 1,
    registrations: 1,
    logins: 2,
    pairings: 1,
    unlinks: 1,
    rejectedLogins: 1,
  })
  expect(totals.peakLoginsPerSecond).toBeGreaterThan(0)
  expect(duplicates).toMatchObject([{ device: '1:1' }])
})
