import { existsSync } from 'node:fs'
import { readEncryptionKeys } from '../config/encryption-keys.ts'
import type { Config, StorageConfig } from '../config/config.ts'
import { KnownFolders } from '../daemon/known-folders.ts'
import { openConfiguredStore, s3ConfigOf } from '../daemon/storage.ts'
import { inspectKeyring } from '../replica/crypto/inspect.ts'
import { keyEncryptionKey } from '../replica/crypto/key.ts'
import { GatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { harmfulRules, readBucketRules, type BucketRules } from '../store/s3-rules.ts'
import { check, type Check } from './check.ts'
import { fail, pass, skip, warn, type Finding } from './finding.ts'

export interface StoreFacts {
  label: string
  offHost: boolean
  /** Milliseconds for the first answer, and for all the writes of the probe. */
  answered: number
  probed: number
}

/** Proves the store as a daemon does at its start: a few small writes, which are removed again. */
export const store: Check = check<StoreFacts | undefined>({
  id: 'store',
  title: 'Object store',
  gather: ({ config, signal }) =>
    withStore(config, async (opened) => {
      const began = performance.now()
      await opened.check({ signal })
      const answered = performance.now() - began
      await probeConditionalWrites(opened, { signal })
      const probed = performance.now() - began - answered
      return { label: opened.label, offHost: opened.offHost, answered, probed }
    }),
  judge: (facts) => (facts === undefined ? skip(NOT_THERE) : judgeStore(facts)),
})

const NOT_THERE = 'its folder is not there yet; the daemon makes it'

export function judgeStore({ label, offHost, answered, probed }: StoreFacts): Finding {
  const found = `${label} honours conditional writes; ${Math.round(answered)} ms to answer`
  if (!offHost)
    return warn(
      `${label} works, but lies on this host: a lost disk takes the backups along`,
      'set MINIO_ENDPOINT and its keys, to keep them elsewhere',
    )
  // Six requests or so.
  if (probed > 3_000)
    return warn(
      `${found}, ${Math.round(probed)} ms for the probe`,
      'use a store that is nearer: with WA_GATEWAY_ACK=remote each message waits for it',
    )
  return pass(found)
}

/** That the store cannot be used is the finding of the check of the store, and no other's. */
interface StoreFailure {
  storeFails: string
}

/** Of an error of the store what it says; every other one is thrown on. */
function failureOfStore(thrown: unknown): string {
  if (thrown instanceof GatewayError && thrown.code.startsWith('store.')) return thrown.message
  throw thrown
}

const skipped = (why: string) => skip(`the object store cannot be asked: ${why}`)

export interface EncryptionFacts {
  kind: StorageConfig['kind']
  encrypted: boolean
  allowPlaintext: boolean
  /** Data keys of the store; undefined where it has none yet. */
  keys: number | undefined
}

export const encryption: Check = check<EncryptionFacts | StoreFailure>({
  id: 'encryption',
  title: 'Encryption',
  async gather({ config, signal }) {
    const { key, allowPlaintext } = config.encryption
    const facts = { kind: config.storage.kind, encrypted: key !== undefined, allowPlaintext }
    if (key === undefined) return { ...facts, keys: undefined }
    const read = readEncryptionKeys(key.reveal())
    const keks = read.ok ? read.keys.map(keyEncryptionKey) : []
    try {
      const keyring = await withStore(config, (opened) => inspectKeyring(opened, keks, { signal }))
      return { ...facts, keys: keyring?.keys }
    } catch (thrown) {
      return { storeFails: failureOfStore(thrown) }
    }
  },
  judge: (facts) => ('storeFails' in facts ? skipped(facts.storeFails) : judgeEncryption(facts)),
})

export function judgeEncryption(facts: EncryptionFacts): Finding {
  const { kind, encrypted, allowPlaintext, keys } = facts
  const fix = 'set WA_GATEWAY_ENCRYPTION_KEY (`openssl rand -base64 32`) and keep a copy elsewhere'
  if (!encrypted && kind === 'folder') return pass('off; the store is a folder of this host')
  if (!encrypted) return warn('off: whoever reads the bucket owns the accounts', fix)
  if (keys === undefined) return pass('on; the keyring is made at the first start')
  if (allowPlaintext)
    return warn(
      `on, with ${keys} data keys, but plain objects are accepted too`,
      'unset WA_GATEWAY_ALLOW_PLAINTEXT when everything is stored anew',
    )
  return pass(`on, with ${keys} data key${keys === 1 ? '' : 's'} that this key unlocks`)
}

export interface RulesFacts {
  bucket: string
  prefix: string | undefined
  rules: BucketRules
}

export const bucketRules: Check = check<RulesFacts | undefined>({
  id: 'bucket-rules',
  title: 'Bucket rules',
  async gather({ config: { storage }, signal }) {
    if (storage.kind === 'folder') return undefined
    const rules = await readBucketRules(s3ConfigOf(storage), { signal })
    return { bucket: storage.bucket, prefix: storage.prefix, rules }
  },
  judge: (facts) => (facts === undefined ? skip('the store is a folder') : judgeRules(facts)),
})

export function judgeRules({ bucket, prefix, rules }: RulesFacts): Finding {
  const { lifecycle, versioning, refused } = rules
  // Whoever may not read rules may use the bucket all the same.
  if (lifecycle === undefined && refused !== undefined && refused.code !== 'store.denied')
    return skipped(refused.message)
  if (lifecycle === undefined)
    return warn(
      `the lifecycle rules of ${bucket} cannot be read: ${refused?.message ?? 'it does not say'}`,
      `make sure yourself that nothing expires there (\`mc ilm rule ls ALIAS/${bucket}\`), or allow s3:GetLifecycleConfiguration`,
    )
  const harmful = harmfulRules(lifecycle, prefix)
  const rule = harmful.find(({ filtered }) => !filtered) ?? harmful[0]
  if (rule !== undefined) {
    const does =
      rule.expires === undefined ? `moves objects ${rule.moves}` : `deletes objects ${rule.expires}`
    const found = `rule '${rule.id}' ${does}${rule.prefix === '' ? '' : ` under ${rule.prefix}`}: owner records, keys and logs are needed for as long as a session lives`
    const fix = `remove it: \`mc ilm rule rm --id '${rule.id}' ALIAS/${bucket}\`; wa-gateway deletes what nobody needs itself`
    return rule.filtered ? warn(`${found} (of those that its filter names)`, fix) : fail(found, fix)
  }
  if (versioning === 'on')
    return warn(
      'nothing expires, but versioning keeps everything that is deleted',
      'add a rule that expires noncurrent versions after some days, or what is removed stays readable',
    )
  return pass(`nothing that is needed expires; versioning is ${versioning ?? 'not told'}`)
}

/** Undefined for a new folder that is not there: opening it would make it. */
async function withStore<T>(
  { storage, stateDir }: Config,
  use: (store: ObjectStore) => Promise<T>,
): Promise<T | undefined> {
  const memory = new KnownFolders(stateDir, { looks: true })
  if (storage.kind === 'folder' && !existsSync(storage.dir) && !memory.get(storage.dir))
    return undefined
  const opened = await openConfiguredStore(storage, memory)
  try {
    return await use(opened)
  } finally {
    await opened.close()
  }
}
