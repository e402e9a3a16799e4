import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Sightings } from '../../support/sightings.ts'

const secret = randomBytes(32)
const before = randomBytes(7)

test.each<[string, string]>([
  ['hex', secret.toString('hex')],
  ['capitals', secret.toString('hex').toUpperCase()],
  ['an inspected Buffer', inspect(secret)],
  ['an inspected array', inspect(new Uint8Array(secret), { maxArrayLength: null })],
  ['JSON of a Buffer', JSON.stringify(secret, undefined, 2)],
  ['base64', secret.toString('base64')],
  ['base64url', secret.toString('base64url')],
  ['base64 after one byte', Buffer.concat([before.subarray(0, 1), secret]).toString('base64')],
  ['base64 after two bytes', Buffer.concat([before.subarray(0, 2), secret]).toString('base64')],
  ['base64 amid more', Buffer.concat([before, secret, before]).toString('base64')],
  ['half of it', secret.toString('base64').slice(0, 22)],
])('a key is seen as %s', (_, text) => {
  const sightings = new Sightings()
  sightings.addAll('creds', { noiseKey: { private: secret } })
  expect(sightings.in(`{"msg":"before ${text} after"}`)[0]).toMatchObject({
    what: 'creds.noiseKey.private',
  })
  expect(sightings.in('{"msg":"nothing"}')).toEqual([])
})

test('a short text is seen as a whole', () => {
  const sightings = new Sightings()
  sightings.addText('a message', 'hello you')
  expect(sightings.in('and hello you')).toHaveLength(1)
  expect(sightings.in('and hello me')).toEqual([])
})
