import { EventEmitter } from 'node:events'
import {
  DEFAULT_CONNECTION_CONFIG,
  addTransactionCapability,
  type BinaryNode,
} from '@whiskeysockets/baileys'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { MEMO_TYPE } from '../../../src/session/own-type.ts'
import { Memo } from '../../../src/whatsapp/hooks/memo.ts'
import { countingKeys } from '../../../src/whatsapp/hooks/self-test-keys.ts'
import { makePair } from '../../../src/whatsapp/hooks/self-test-memo.ts'
import { installHooks } from '../../../src/whatsapp/hooks/self-test.ts'
import { TRANSACTIONS } from '../../../src/whatsapp/hooks/split.ts'
import { silentLogger } from '../../../src/whatsapp/logger.ts'

beforeAll(installHooks)

async function openPair() {
  const pair = await makePair()
  onTestFinished(() => pair.close())
  return pair
}

test('a message that comes again is answered without a change', async () => {
  const { encrypt, decrypt, bobKeys } = await openPair()
  const message = await encrypt('hello')
  expect(await decrypt(message)).toBe('hello')
  const before = bobKeys.changes.length
  expect(await decrypt(message)).toBe('hello')
  expect(bobKeys.changes).toHaveLength(before)
})

test('the ratchet step and the plaintext are one change', async () => {
  const { encrypt, decrypt, bobKeys } = await openPair()
  await decrypt(await encrypt('hello'))
  await decrypt(await encrypt('again'))
  const steps = bobKeys.changes.filter((change) => 'session' in change)
  expect(steps).toHaveLength(2)
  for (const step of steps) expect(step).toHaveProperty(MEMO_TYPE)
})

test('the same message twice at the same time is decrypted once', async () => {
  const { encrypt, decrypt } = await openPair()
  const message = await encrypt('hello')
  expect(await Promise.all([decrypt(message), decrypt(message), decrypt(message)])).toEqual([
    'hello',
    'hello',
    'hello',
  ])
})

test('a message that cannot be decrypted is not remembered', async () => {
  const { encrypt, decrypt, bobKeys } = await openPair()
  await decrypt(await encrypt('hello'))
  const { type, ciphertext } = await encrypt('broken')
  const broken = Buffer.from(ciphertext)
  // Within the MAC; behind it come a few bytes that name the pre-key.
  broken[broken.length - 12] = (broken.at(-12) ?? 0) ^ 1
  const before = bobKeys.changes.length
  await expect(decrypt({ type, ciphertext: broken })).rejects.toThrow(/MAC|decrypt/)
  expect(bobKeys.changes).toHaveLength(before)
  expect(await decrypt({ type, ciphertext })).toBe('broken')
})

/** A group of two whose messages the reader decrypts as they come in stanzas. */
async function openGroup() {
  const group = '12345-678@g.us'
  const author = '10000000001@s.whatsapp.net'
  const creds = {
    signedIdentityKey: { public: Buffer.alloc(32), private: Buffer.alloc(32) },
    registrationId: 1,
    signedPreKey: {} as never,
  }
  const writer = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds, keys: addTransactionCapability(countingKeys(), silentLogger, TRANSACTIONS) },
    silentLogger,
  )
  const keys = countingKeys()
  const client = new EventEmitter()
  const told: (string | undefined)[] = []
  const open = () => {
    const memo = new Memo(keys, (stanza) => void told.push(stanza.attrs['id']))
    memo.watch(client)
    const repository = memo.makeRepository({ creds, keys }, silentLogger)
    onTestFinished(() => repository.close?.())
    return repository
  }
  const reader = open()
  onTestFinished(() => writer.close?.())
  const encrypt = async (text: string) => {
    const made = await writer.encryptGroupMessage({ group, meId: author, data: Buffer.from(text) })
    await reader.processSenderKeyDistributionMessage({
      item: {
        groupId: group,
        axolotlSenderKeyDistributionMessage: made.senderKeyDistributionMessage,
      },
      authorJid: author,
    })
    return made.ciphertext
  }
  const arrive = async (id: string, ciphertext: Uint8Array, authorJid = author) => {
    // Each delivery has bytes of its own.
    const msg = Buffer.from(ciphertext)
    const enc: BinaryNode = { tag: 'enc', attrs: { type: 'skmsg' }, content: msg }
    const attrs = { id, from: group, participant: author }
    client.emit('CB:message', { tag: 'message', attrs, content: [enc] })
    const plaintext = await reader.decryptGroupMessage({ group, authorJid, msg })
    return Buffer.from(plaintext).toString()
  }
  const acknowledge = (id: string) =>
    client.emit('CB:ack,class:receipt', { tag: 'ack', attrs: { id, from: group } })
  const slots = async () =>
    Object.keys(await keys.get(MEMO_TYPE as never, ['0', '1', '2', '3'])).toSorted()
  return { encrypt, arrive, acknowledge, slots, told }
}

test('the stanza names the sender, whatever Baileys has learned to call him since', async () => {
  const { encrypt, arrive, told } = await openGroup()
  const message = await encrypt('hello')
  expect(await arrive('M1', message)).toBe('hello')
  expect(await arrive('M1', message, '999@lid')).toBe('hello')
  expect(told).toEqual(['M1', 'M1'])
})

test('a receipt that arrived frees its message with the next one', async () => {
  const { encrypt, arrive, acknowledge, slots } = await openGroup()
  await arrive('M1', await encrypt('one'))
  await arrive('M2', await encrypt('two'))
  acknowledge('M1')
  acknowledge('unknown')
  expect(await slots()).toEqual(['0', '1'])
  await arrive('M3', await encrypt('three'))
  expect(await slots()).toEqual(['1', '2'])
})
