import { openFolderStore } from './folder.ts'
import type { FolderMemory } from './folder-identity.ts'
import type { ObjectStore } from './port.ts'
import { openS3Store } from './s3.ts'
import type { S3Config } from './s3.ts'

export type StoreConfig =
  | { kind: 'folder'; dir: string; memory?: FolderMemory }
  | ({ kind: 's3' } & S3Config)

/**
 * Opens the configured store. A folder is made and swept; an S3 store is not asked anything yet:
 * `check()` proves that it may be used, `probeConditionalWrites` that it can be trusted.
 */
export async function openStore(config: StoreConfig): Promise<ObjectStore> {
  return config.kind === 'folder' ? openFolderStore(config.dir, config.memory) : openS3Store(config)
}
