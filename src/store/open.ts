import { openFolderStore } from './folder.ts'
import type { ObjectStore } from './port.ts'

export type StoreConfig = { kind: 'folder'; dir: string }

/** Opens the configured store. Only the folder touches it yet; `check()` proves an S3 store. */
export async function openStore(config: StoreConfig): Promise<ObjectStore> {
  return openFolderStore(config.dir)
}
