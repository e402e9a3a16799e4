import { expect, test } from 'vitest'
import { Endpoint } from '../../../src/simulator/endpoint.ts'

const ALICE = 'alice.0'
const BOB = 'bob.0'

async function pass(from: Endpoint, to: Endpoint, names: [string, string], text: string) {
  const [fromName, toName] = names
  const sealed = await from.encrypt(toName, Buffer.from(text), () => to.bundle())
  const opened = await to.decrypt(fromName, sealed.type, sealed.ciphertext)
  return `${sealed.type} ${opened.toString()}`
}

test('two endpoints talk, the first message with keys and the rest without', async () => {
  const [alice, bob] = [new Endpoint(), new Endpoint()]
  expect(await pass(alice, bob, [ALICE, BOB], 'one')).toBe('pkmsg one')
  expect(await pass(bob, alice, [BOB, ALICE], 'two')).toBe('msg two')
  expect(await pass(alice, bob, [ALICE, BOB], 'three')).toBe('msg three')
})

test('what is under way in an older session can still be read', async () => {
  const [alice, bob] = [new Endpoint(), new Endpoint()]
  await pass(alice, bob, [ALICE, BOB], 'first')
  await pass(bob, alice, [BOB, ALICE], 'second')
  const late = await alice.encrypt(BOB, Buffer.from('late'), () => bob.bundle())
  await alice.establish(BOB, bob.bundle())
  expect(await pass(alice, bob, [ALICE, BOB], 'anew')).toBe('pkmsg anew')
  expect((await bob.decrypt(ALICE, late.type, late.ciphertext)).toString()).toBe('late')
})

test('a ciphertext that cannot be read changes nothing', async () => {
  const [alice, bob] = [new Endpoint(), new Endpoint()]
  await pass(alice, bob, [ALICE, BOB], 'first')
  await pass(bob, alice, [BOB, ALICE], 'second')
  const { type, ciphertext } = await alice.encrypt(BOB, Buffer.from('x'), () => bob.bundle())
  const broken = Buffer.from(ciphertext)
  broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1)
  await expect(bob.decrypt(ALICE, type, broken)).rejects.toThrow('Bad MAC')
  expect((await bob.decrypt(ALICE, type, ciphertext)).toString()).toBe('x')
  await expect(bob.decrypt(ALICE, type, ciphertext)).rejects.toThrow('Key used already')
  await expect(bob.decrypt('nobody.0', type, ciphertext)).rejects.toThrow('no session')
})

test('messages encrypted at once keep their order', async () => {
  const [alice, bob] = [new Endpoint(), new Endpoint()]
  const texts = Array.from({ length: 20 }, (_, index) => String(index))
  const sealed = await Promise.all(
    texts.map((text) => alice.encrypt(BOB, Buffer.from(text), () => bob.bundle())),
  )
  const opened: string[] = []
  for (const { type, ciphertext } of sealed) {
    opened.push((await bob.decrypt(ALICE, type, ciphertext)).toString())
  }
  expect(opened).toEqual(texts)
})
