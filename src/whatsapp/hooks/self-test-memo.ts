import {
  addTransactionCapability,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  signedKeyPair,
  type SignalRepositoryWithLIDStore,
} from '@whiskeysockets/baileys'
import { MEMO_TYPE } from '../../session/own-type.ts'
import { silentLogger } from '../logger.ts'
import { Memo } from './memo.ts'
import { countingKeys } from './self-test-keys.ts'
import { TRANSACTIONS } from './split.ts'

const ALICE = '10000000001@s.whatsapp.net'
const BOB = '10000000002@s.whatsapp.net'

/** Two accounts with a Signal session from Alice to Bob, who decrypts through the memo. */
export async function makePair() {
  const [aliceKeys, bobKeys] = [countingKeys(), countingKeys()]
  const [aliceCreds, bobCreds] = [makeCreds(), makeCreds()]
  const alice = DEFAULT_CONNECTION_CONFIG.makeSignalRepository(
    { creds: aliceCreds, keys: addTransactionCapability(aliceKeys, silentLogger, TRANSACTIONS) },
    silentLogger,
  )
  const memo = new Memo(bobKeys, () => undefined)
  const bob = memo.makeRepository({ creds: bobCreds, keys: bobKeys }, silentLogger)
  const preKey = Curve.generateKeyPair()
  await bobKeys.set({ 'pre-key': { 1: preKey } })
  await alice.injectE2ESession({
    jid: BOB,
    session: {
      registrationId: bobCreds.registrationId,
      identityKey: generateSignalPubKey(bobCreds.signedIdentityKey.public),
      signedPreKey: {
        keyId: bobCreds.signedPreKey.keyId,
        publicKey: generateSignalPubKey(bobCreds.signedPreKey.keyPair.public),
        signature: bobCreds.signedPreKey.signature,
      },
      preKey: { keyId: 1, publicKey: generateSignalPubKey(preKey.public) },
    },
  })
  return {
    bobKeys,
    encrypt: (text: string) => alice.encryptMessage({ jid: BOB, data: Buffer.from(text) }),
    decrypt: ({ type, ciphertext }: Awaited<ReturnType<typeof alice.encryptMessage>>) =>
      decryptText(bob, type, ciphertext),
    close: () => {
      alice.close?.()
      bob.close?.()
    },
  }
}

/** The step and its plaintext are one change, and what comes again makes none. */
export async function messagesAreDecryptedOnce(): Promise<boolean> {
  const pair = await makePair()
  try {
    const message = await pair.encrypt('self-test')
    const first = await pair.decrypt(message)
    const { changes } = pair.bobKeys
    const together = changes.some((change) => 'session' in change && MEMO_TYPE in change)
    const before = changes.length
    const second = await pair.decrypt(message)
    return together && first === 'self-test' && second === first && changes.length === before
  } finally {
    pair.close()
  }
}

async function decryptText(
  repository: SignalRepositoryWithLIDStore,
  type: 'msg' | 'pkmsg',
  ciphertext: Uint8Array,
): Promise<string> {
  const plaintext = await repository.decryptMessage({ jid: ALICE, type, ciphertext })
  return Buffer.from(plaintext).toString()
}

function makeCreds() {
  const signedIdentityKey = Curve.generateKeyPair()
  return {
    signedIdentityKey,
    signedPreKey: signedKeyPair(signedIdentityKey, 1),
    registrationId: 1,
  }
}
