import { createRequire } from 'node:module'
import {
  Curve,
  decodeBinaryNode,
  encodeBinaryNode,
  makeNoiseHandler,
  NOISE_WA_HEADER,
  proto,
} from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createChain } from '../../../src/simulator/certificate.ts'
import { FrameReader } from '../../../src/simulator/frames.ts'
import { ServerHandshake } from '../../../src/simulator/noise.ts'

const chain = createChain()
const logger = pino({ level: 'silent' })
const { HandshakeMessage, ClientPayload } = proto

function shakeHands() {
  const ephemeral = Curve.generateKeyPair()
  const noiseKey = Curve.generateKeyPair()
  const client = makeNoiseHandler({ keyPair: ephemeral, NOISE_HEADER: NOISE_WA_HEADER, logger })
  const server = new ServerHandshake(Buffer.from(NOISE_WA_HEADER), chain)
  const hello = server.hello(
    HandshakeMessage.encode({ clientHello: { ephemeral: ephemeral.public } }).finish(),
  )
  const encryptedKey = client.processHandshake(HandshakeMessage.decode(hello), noiseKey)
  const payload = client.encrypt(ClientPayload.encode({ username: 15_550_001 }).finish())
  return { client, server, noiseKey, finish: { static: encryptedKey, payload } }
}

test("the library's client and the server end up with the same keys", async () => {
  const { client, server, noiseKey, finish } = shakeHands()
  const done = server.finish(HandshakeMessage.encode({ clientFinish: finish }).finish())
  expect(done.clientStatic).toEqual(Buffer.from(noiseKey.public))
  expect(Number(done.payload.username)).toBe(15_550_001)
  await client.finishInit()

  const reader = new FrameReader()
  const stanza = { tag: 'iq', attrs: { id: 'a', type: 'get' } }
  for (const id of ['a', 'b', 'c']) {
    const sent = { ...stanza, attrs: { ...stanza.attrs, id } }
    const [body] = reader.push(Buffer.from(client.encodeFrame(encodeBinaryNode(sent))))
    expect(await decodeBinaryNode(done.transport.decrypt(body ?? Buffer.alloc(0)))).toEqual(sent)
  }
  const answer = done.transport.encrypt(encodeBinaryNode(stanza))
  expect(await decodeBinaryNode(client.decrypt(answer) as Buffer)).toEqual(stanza)
})

test('a clientFinish that was altered is refused', () => {
  const { server, finish } = shakeHands()
  const altered = Buffer.from(finish.payload)
  altered.writeUInt8(altered.readUInt8(0) ^ 1, 0)
  const message = HandshakeMessage.encode({ clientFinish: { ...finish, payload: altered } })
  expect(() => server.finish(message.finish())).toThrow('unable to authenticate')
})

test('the chain leads from the leaf to the root, and to no other', () => {
  const requireHere = createRequire(import.meta.url)
  const requireLikeBaileys = createRequire(requireHere.resolve('@whiskeysockets/baileys'))
  const { verifySignature } = requireLikeBaileys('libsignal/src/curve.js') as {
    verifySignature: (key: Buffer, message: Uint8Array, signature: Uint8Array) => boolean
  }
  const typed = (key: Uint8Array) => Buffer.concat([Buffer.from([5]), key])
  const { leaf, intermediate } = proto.CertChain.decode(chain.payload)
  const read = proto.CertChain.NoiseCertificate.Details
  const upper = read.decode(intermediate?.details ?? new Uint8Array())
  const lower = read.decode(leaf?.details ?? new Uint8Array())
  const verify = (key: Uint8Array, certificate: typeof leaf) => {
    const { details, signature } = certificate ?? {}
    return verifySignature(typed(key), details ?? new Uint8Array(), signature ?? new Uint8Array())
  }
  expect(upper.issuerSerial).toBe(0)
  expect(lower.issuerSerial).toBe(upper.serial)
  expect(lower.key).toEqual(Buffer.from(chain.static.public))
  expect(verify(upper.key ?? new Uint8Array(), leaf)).toBe(true)
  expect(verify(Buffer.from(chain.rootHex, 'hex'), intermediate)).toBe(true)
  expect(verify(Curve.generateKeyPair().public, intermediate)).toBe(false)
})
