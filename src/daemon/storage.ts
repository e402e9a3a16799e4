import type { StorageConfig } from '../config/config.ts'
import { openStore } from '../store/open.ts'
import type { ObjectStore } from '../store/port.ts'

/** The object store that the configuration names. */
export function openConfiguredStore(storage: StorageConfig): Promise<ObjectStore> {
  if (storage.kind === 'folder') return openStore({ kind: 'folder', dir: storage.dir })
  return openStore({
    kind: 's3',
    endpoint: storage.endpoint,
    port: storage.port,
    useSSL: storage.useSsl,
    accessKey: storage.accessKey.reveal(),
    secretKey: storage.secretKey.reveal(),
    bucket: storage.bucket,
    region: storage.region,
    ...(storage.prefix === undefined ? {} : { prefix: storage.prefix }),
  })
}
