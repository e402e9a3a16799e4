import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFolderStore } from '../../../src/store/folder.ts'
import { openS3Store } from '../../../src/store/s3.ts'
import type { S3Config } from '../../../src/store/s3.ts'
import { objectStoreContract } from '../../contract/object-store.ts'
import { s3AccessContract } from '../../contract/s3-access.ts'
import { startS3Stub } from '../../support/s3-stub.ts'

objectStoreContract('folder', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wa-store-'))
  const store = await openFolderStore(join(dir, 'objects'))
  return { store, close: () => rm(dir, { recursive: true }) }
})

objectStoreContract('s3, the stub', async () => {
  const { config, close } = await stubWithBucket()
  const store = openS3Store(config)
  return {
    store,
    close: async () => {
      await store.close()
      await close()
    },
  }
})

s3AccessContract('the stub', stubWithBucket)

async function stubWithBucket(): Promise<{ config: S3Config; close: () => Promise<void> }> {
  const stub = await startS3Stub({ buckets: ['sessions'] })
  const { endpoint, port, accessKey, secretKey, region } = stub
  return {
    config: { endpoint, port, useSSL: false, accessKey, secretKey, region, bucket: 'sessions' },
    close: () => stub.close(),
  }
}
