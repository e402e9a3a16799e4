import { AsyncLocalStorage } from 'node:async_hooks'
import { Curve, generateSignalPubKey, signedKeyPair } from '@whiskeysockets/baileys'
import { expect, onTestFinished, test } from 'vitest'
import { separateSignalJobs } from '../../../src/whatsapp/hooks/signal-jobs.ts'
import { Memo } from '../../../src/whatsapp/hooks/memo.ts'
import { countingKeys } from '../../../src/whatsapp/hooks/self-test-keys.ts'
import { silentLogger } from '../../../src/whatsapp/logger.ts'

const ACCOUNTS = 12
const MESSAGES = 15
const CONTACT = '10000000009@s.whatsapp.net'

const account = new AsyncLocalStorage<string>()

/** An account whose store notes every access that is made in somebody else's context. */
function openAccount(name: string, strangers: string[]) {
  const keys = countingKeys()
  let accesses = 0
  let stopped = false
  const note = (what: string) => {
    accesses++
    const who = account.getStore()
    if (who !== name) strangers.push(`${what} of ${name} by ${who}`)
  }
  const slow = {
    ...keys,
    get: async (...args: Parameters<typeof keys.get>) => {
      note('read')
      if (stopped) await new Promise(() => undefined)
      await new Promise(setImmediate)
      return keys.get(...args)
    },
    set: async (changes: Parameters<typeof keys.set>[0]) => {
      note('write')
      await new Promise(setImmediate)
      return keys.set(changes)
    },
  }
  const signedIdentityKey = Curve.generateKeyPair()
  const signedPreKey = signedKeyPair(signedIdentityKey, 1)
  const creds = { signedIdentityKey, signedPreKey, registrationId: 1 }
  const memo = new Memo(slow as never, () => undefined)
  const repository = memo.makeRepository({ creds, keys: slow as never }, silentLogger)
  onTestFinished(() => repository.close?.())
  const stop = () => {
    stopped = true
  }
  return { name, repository, keys, stop, accesses: () => accesses }
}

/** What WhatsApp gives to begin a Signal session with the contact. */
function sessionOfContact() {
  const identity = Curve.generateKeyPair()
  const preKey = signedKeyPair(identity, 1)
  return {
    registrationId: 1,
    identityKey: generateSignalPubKey(identity.public),
    signedPreKey: {
      keyId: preKey.keyId,
      publicKey: generateSignalPubKey(preKey.keyPair.public),
      signature: preKey.signature,
    },
  }
}

test('no account reads or writes in the transaction of another that writes to the same contact', async () => {
  separateSignalJobs()
  const strangers: string[] = []
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => openAccount(`a${n}`, strangers))
  const session = sessionOfContact()
  await Promise.all(
    accounts.map(({ name, repository }) =>
      account.run(name, async () => {
        await repository.injectE2ESession({ jid: CONTACT, session })
        await Promise.all(
          Array.from({ length: MESSAGES }, (_, n) =>
            repository.encryptMessage({ jid: CONTACT, data: Buffer.from(`${n}`) }),
          ),
        )
      }),
    ),
  )
  expect(strangers).toEqual([])
  for (const { keys, accesses } of accounts) {
    expect(accesses()).toBeGreaterThan(MESSAGES)
    // One change a message and one for the new session: none was written past its transaction.
    expect(keys.changes.filter((change) => 'session' in change)).toHaveLength(MESSAGES + 1)
  }
})

test('an account whose state can no longer be read holds up no other that writes to the same contact', async () => {
  separateSignalJobs()
  const session = sessionOfContact()
  const [stuck, other] = [openAccount('stuck', []), openAccount('other', [])]
  for (const { repository } of [stuck, other])
    await repository.injectE2ESession({ jid: CONTACT, session })
  stuck.stop()
  void stuck.repository.encryptMessage({ jid: CONTACT, data: Buffer.from('never') })
  const { ciphertext } = await other.repository.encryptMessage({
    jid: CONTACT,
    data: Buffer.from('goes on'),
  })
  expect(ciphertext.length).toBeGreaterThan(0)
})
