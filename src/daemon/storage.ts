import type { Config, StorageConfig } from '../config/config.ts'
import { parseStoreAddress, STORE_ADDRESS_WORDS } from '../config/store-address.ts'
import { GatewayError } from '../session/errors.ts'
import type { FolderMemory } from '../store/folder-identity.ts'
import { openStore } from '../store/open.ts'
import type { ObjectStore } from '../store/port.ts'
import type { S3Config } from '../store/s3.ts'
import { KnownFolders } from './known-folders.ts'

/** The object store that the configuration names; `memory`: of folders that were used before. */
export function openConfiguredStore(
  storage: StorageConfig,
  memory: FolderMemory,
): Promise<ObjectStore> {
  if (storage.kind === 'folder') return openStore({ kind: 'folder', dir: storage.dir, memory })
  return openStore({ kind: 's3', ...s3ConfigOf(storage) })
}

/** What the S3 client wants to know of it. */
export function s3ConfigOf(storage: Extract<StorageConfig, { kind: 's3' }>): S3Config {
  return {
    endpoint: storage.endpoint,
    port: storage.port,
    useSSL: storage.useSsl,
    accessKey: storage.accessKey.reveal(),
    secretKey: storage.secretKey.reveal(),
    bucket: storage.bucket,
    region: storage.region,
    ...(storage.prefix === undefined ? {} : { prefix: storage.prefix }),
  }
}

/**
 * Opens another store than the worker's own: `folder:/path`, or `s3://bucket/prefix` at the endpoint
 * of the configuration, which has the credentials too. `looks`: nothing that lasts may change.
 */
export async function openOther(
  text: string,
  { copy, encryption, stateDir }: Pick<Config, 'copy' | 'encryption' | 'stateDir'>,
  { looks = false } = {},
): Promise<ObjectStore> {
  const address = parseStoreAddress(text)
  if (address === undefined)
    throw new GatewayError({
      code: 'usage',
      subject: text,
      message: `'${text}' is no store`,
      hint: `write ${STORE_ADDRESS_WORDS}`,
    })
  if (address.kind === 'folder')
    return openStore({ ...address, memory: new KnownFolders(stateDir, { looks, rotates: true }) })
  const { endpoint, accessKey, secretKey, port, useSsl, region } = copy
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined)
    throw new GatewayError({
      code: 'config.invalid',
      message: `the daemon does not know how to reach ${text}`,
      hint: 'set WA_GATEWAY_COPY_ENDPOINT, WA_GATEWAY_COPY_ACCESS_KEY and WA_GATEWAY_COPY_SECRET_KEY (or …_FILE) and run `wa-gateway daemon reload`',
    })
  if (encryption.key === undefined && !encryption.allowPlaintext)
    throw new GatewayError({
      code: 'config.invalid',
      message: `what this worker stores is not encrypted, and whoever reads ${text} would own the accounts`,
      hint: 'set WA_GATEWAY_ENCRYPTION_KEY; or WA_GATEWAY_ALLOW_PLAINTEXT=true',
    })
  return openStore({
    ...address,
    endpoint,
    port,
    useSSL: useSsl,
    accessKey: accessKey.reveal(),
    secretKey: secretKey.reveal(),
    region,
    settings: 'WA_GATEWAY_COPY',
  })
}
