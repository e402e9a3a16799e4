import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Mailbox, messageKey } from '../../../src/simulator/mailbox.ts'
import { node } from '../../../src/simulator/nodes.ts'

test('what was put and not acknowledged is there, once, in the order it first came', () => {
  const step = fc.record({ ack: fc.boolean(), id: fc.integer({ min: 0, max: 5 }) })
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const mailbox = new Mailbox()
      let model: string[] = []
      for (const { ack, id } of steps) {
        const key = messageKey(String(id))
        const held = model.includes(key)
        const removed = ack && mailbox.acknowledge(key)
        expect(removed).toBe(ack && held)
        if (ack) model = model.filter((each) => each !== key)
        else mailbox.put(key, node('message', { id: String(id) }))
        if (!ack && !held) model.push(key)
        expect(mailbox.entries().map(([each]) => each)).toEqual(model)
        expect(mailbox.size).toBe(model.length)
        expect(mailbox.has(key)).toBe(model.includes(key))
      }
    }),
  )
})

test('a message that is encrypted again takes the place of the old one', () => {
  const mailbox = new Mailbox()
  mailbox.put('a', node('message', { v: '1' }))
  mailbox.put('b', node('message'))
  mailbox.put('a', node('message', { v: '2' }))
  expect(mailbox.entries().map(([key, { attrs }]) => [key, attrs['v']])).toEqual([
    ['a', '2'],
    ['b', undefined],
  ])
})
