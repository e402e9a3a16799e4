import { openS3Store } from '../../src/store/s3.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { storeCopyContract } from '../contract/store-copy.ts'
import { rgw } from './rgw.ts'

storeCopyContract('buckets of Ceph RGW', async () => {
  const [first, second, third] = [await bucket(), await bucket(), await bucket()]
  return {
    first,
    second,
    third,
    close: async () => void (await Promise.all([first, second, third].map((s) => s.close()))),
  }
})

async function bucket(): Promise<ObjectStore> {
  const { makeBucket, ...access } = rgw()
  return openS3Store({ ...access, useSSL: false, bucket: await makeBucket() })
}
