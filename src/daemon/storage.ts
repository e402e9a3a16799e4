import type { StorageConfig } from '../config/config.ts'
import { openStore } from '../store/open.ts'
import type { ObjectStore } from '../store/port.ts'
import type { S3Config } from '../store/s3.ts'

/** The object store that the configuration names. */
export function openConfiguredStore(storage: StorageConfig): Promise<ObjectStore> {
  if (storage.kind === 'folder') return openStore({ kind: 'folder', dir: storage.dir })
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
