import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'
import { addTransactionCapability, Curve } from '@whiskeysockets/baileys'
import { GatewayError } from '../../session/errors.ts'
import { silentLogger } from '../logger.ts'
import { separateSignalJobs } from './signal-jobs.ts'
import { curve, libsignal } from './libsignal.ts'
import { Memo } from './memo.ts'
import { framesAreHeld } from './self-test-gate.ts'
import { countingKeys } from './self-test-keys.ts'
import { messagesAreDecryptedOnce } from './self-test-memo.ts'
import { installNativeSignatureCheck } from './signature.ts'
import { TRANSACTIONS } from './split.ts'

const LATE_MS = 10_000

/** Baileys' key format puts a type byte before the 32 bytes. */
const KEY_TYPE = Buffer.from([5])

/**
 * Installs the hooks into Baileys and libsignal and proves that each works with the versions that
 * are installed. Throws `hooks.self-test` where one does not: running on would lose messages or
 * trust anybody, silently.
 */
export async function installHooks(): Promise<void> {
  installNativeSignatureCheck()
  separateSignalJobs()
  await check('the signature check', signaturesCount)
  await check('split transactions', encryptCommitsFirst)
  await check('the send gate', framesAreHeld)
  await check('decrypting once', messagesAreDecryptedOnce)
  await check("each account's own jobs", jobsKeepTheirContext)
}

async function check(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  let cause: unknown
  try {
    if (await test()) return
  } catch (error) {
    cause = error
  }
  throw new GatewayError({
    code: 'hooks.self-test',
    message: `${what} does not work with the installed Baileys and libsignal`,
    hint: 'install the exact versions of package-lock.json (`npm ci`)',
    cause,
  })
}

function signaturesCount(): boolean {
  const pair = Curve.generateKeyPair()
  const message = randomBytes(40)
  const signature = Buffer.from(Curve.sign(pair.private, message))
  const key = Buffer.concat([KEY_TYPE, pair.public])
  if (!curve.verifySignature(key, message, signature)) return false
  signature[5] = (signature[5] ?? 0) ^ 1
  try {
    curve.verifySignature(key, message, signature)
  } catch {
    // Refusing is what must happen.
    return true
  }
  return false
}

/** Encrypts to a made-up contact while an outer transaction is open, and looks at the order. */
async function encryptCommitsFirst(): Promise<boolean> {
  const raw = countingKeys()
  const identity = Curve.generateKeyPair()
  const preKey = Curve.generateKeyPair()
  const signedPreKey = { keyPair: preKey, signature: Buffer.alloc(64), keyId: 1 }
  const creds = { signedIdentityKey: identity, signedPreKey, registrationId: 1 }
  const outer = addTransactionCapability(raw, silentLogger, TRANSACTIONS)
  const repository = new Memo(raw, () => undefined).makeRepository(
    { creds, keys: outer },
    silentLogger,
  )
  const contact = Curve.generateKeyPair()
  const prefixed = (key: Uint8Array) => Buffer.concat([KEY_TYPE, key])
  const jid = '10000000001@s.whatsapp.net'
  try {
    await repository.injectE2ESession({
      jid,
      session: {
        registrationId: 7,
        identityKey: prefixed(contact.public),
        signedPreKey: {
          keyId: 1,
          publicKey: prefixed(contact.public),
          signature: Buffer.alloc(64),
        },
        preKey: { keyId: 1, publicKey: prefixed(contact.public) },
      },
    })
    return await outer.transaction(async () => {
      const before = raw.changes.length
      await repository.encryptMessage({ jid, data: Buffer.from('self-test') })
      return raw.changes.length > before
    }, 'self-test')
  } finally {
    repository.close?.()
  }
}

async function jobsKeepTheirContext(): Promise<boolean> {
  const context = new AsyncLocalStorage<string>()
  const seen: (string | undefined)[] = []
  const [stuck, other] = [cipherOf({}), cipherOf({})]
  const held = Promise.withResolvers<void>()
  // Where they share a queue, an answer that comes late is better than a start that hangs.
  const late = setTimeout(held.resolve, LATE_MS)
  const waiting = stuck.queueJob(() => held.promise).then(() => seen.push('stuck'))
  const note = async () => {
    await Promise.resolve()
    seen.push(context.getStore())
  }
  await Promise.all(['a', 'b', 'c'].map((name) => context.run(name, () => other.queueJob(note))))
  clearTimeout(late)
  held.resolve()
  await waiting
  return seen.join() === 'a,b,c,stuck'
}

/** The cipher of an account with this storage, for an address that all of them share. */
function cipherOf(storage: Record<string, unknown>): typeof libsignal.SessionCipher.prototype {
  const cipher = Object.create(
    libsignal.SessionCipher.prototype,
  ) as typeof libsignal.SessionCipher.prototype
  cipher.addr = { id: 'self-test', toString: () => 'self-test.0' }
  cipher.storage = storage
  return cipher
}
