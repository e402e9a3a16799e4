import { randomBytes } from 'node:crypto'
import { initAuthCreds } from '@whiskeysockets/baileys'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Redactor } from '../../../src/daemon/redact.ts'
import { Sightings } from '../../support/sightings.ts'

const redactor = new Redactor()
const shown = (value: unknown) => JSON.stringify(redactor.fields({ value }))

test('auth state, however it comes, shows no byte', () => {
  const creds = initAuthCreds()
  const sightings = new Sightings()
  sightings.addAll('creds', creds)
  const text = JSON.stringify(creds)
  for (const fields of [
    { creds },
    { ...creds },
    { list: [creds] },
    { deep: { deep: { deep: creds } } },
    { map: new Map([['creds', creds]]) },
    { key: creds.noiseKey.public },
    { numbers: [...creds.noiseKey.private] },
    { err: Object.assign(new Error('failed'), { data: creds, creds }) },
    { err: new Error(`failed with ${text}`) },
    { err: new Error('failed', { cause: creds }) },
    { hex: Buffer.from(creds.noiseKey.private).toString('hex'), secret: creds.advSecretKey },
    { note: `the key is ${Buffer.from(creds.noiseKey.private).toString('base64')}` },
  ])
    expect(sightings.in(JSON.stringify(redactor.fields(fields)))).toEqual([])
  expect(sightings.in(redactor.text(text))).toEqual([])
})

test('any bytes anywhere are counted, not shown', () => {
  const leaf = fc.oneof(fc.uint8Array({ minLength: 16 }), fc.string(), fc.integer(), fc.boolean())
  fc.assert(
    fc.property(fc.object({ values: [leaf], maxDepth: 3 }), (value) => {
      const bytes = randomBytes(32)
      const sightings = new Sightings()
      sightings.add('planted', bytes)
      const line = JSON.stringify(redactor.fields({ ...value, planted: { inside: [bytes] } }))
      expect(sightings.in(line)).toEqual([])
    }),
    { numRuns: 100 },
  )
})

test.each([
  ['http://user:pass@host/path', 'http://[hidden]@host/path'],
  ['authorization: Bearer abc.def-123', 'authorization: Bearer [hidden]'],
  ['GET /x?X-Amz-Signature=abcdef&y=1', 'GET /x?X-Amz-Signature=[hidden]&y=1'],
  ['<Buffer 01 02 ff ... 3 more bytes>', '[bytes]'],
  ['4477001122:5@s.whatsapp.net', '…122:5@s.whatsapp.net'],
  ['491-16123456@g.us and 99887766@lid', '491-…456@g.us and …766@lid'],
  ['code 401 at 16:20:11 in slot 000000000012', 'code 401 at 16:20:11 in slot 000000000012'],
  ['/tmp/state/quarantine/state-2025-06-01T12.db', '/tmp/state/quarantine/state-2025-06-01T12.db'],
])('%s', (text, expected) => {
  expect(redactor.text(text)).toBe(expected)
})

test('fields that hold credentials or messages are hidden by name, counts of them are not', () => {
  expect(redactor.fields({ token: 'x', text: 'hello', messages: 3, qr: '2@a' })).toEqual({
    token: '[hidden]',
    text: '[hidden]',
    messages: 3,
    qr: '[hidden]',
  })
  expect(shown(new URL('http://host'))).toContain('[URL]')
  expect(shown(Array.from({ length: 102 }, (_, n) => `n${n}`))).toContain('… 2 more')
})
