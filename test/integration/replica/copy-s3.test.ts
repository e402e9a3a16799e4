import { openS3Store } from '../../../src/store/s3.ts'
import { startS3Stub } from '../../support/s3-stub.ts'
import { storeCopyContract } from '../../contract/store-copy.ts'

storeCopyContract('S3 servers with keys of their own, the stub', async () => {
  const stubs = await Promise.all(
    ['first', 'second', 'third'].map((name) =>
      startS3Stub({ buckets: ['sessions'], accessKey: name, secretKey: `the secret of ${name}` }),
    ),
  )
  const [first, second, third] = stubs.map(({ endpoint, port, accessKey, secretKey, region }) =>
    openS3Store({
      endpoint,
      port,
      useSSL: false,
      accessKey,
      secretKey,
      region,
      bucket: 'sessions',
    }),
  )
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('three servers were started')
  return {
    first,
    second,
    third,
    close: async () => {
      await Promise.all([first, second, third].map((store) => store.close()))
      await Promise.all(stubs.map((stub) => stub.close()))
    },
  }
})
