import { openS3Store } from '../../src/store/s3.ts'
import type { S3Config } from '../../src/store/s3.ts'
import { objectStoreContract } from '../contract/object-store.ts'
import { s3AccessContract } from '../contract/s3-access.ts'
import { rgw } from './rgw.ts'

objectStoreContract('s3, Ceph RGW', async () => {
  const store = openS3Store(await configWithBucket())
  return { store, close: () => store.close() }
})

s3AccessContract('Ceph RGW', async () => ({
  config: await configWithBucket(),
  close: () => Promise.resolve(),
}))

async function configWithBucket(): Promise<S3Config> {
  const { makeBucket, ...access } = rgw()
  return { ...access, useSSL: false, bucket: await makeBucket() }
}
