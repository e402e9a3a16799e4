import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startS3Stub, type S3Stub } from '../support/s3-stub.ts'
import { sessionRecoverySuite } from './session-recovery.ts'

sessionRecoverySuite('a folder', {
  env: async (dir) => ({
    WA_GATEWAY_STORAGE: 'folder',
    WA_GATEWAY_STORAGE_DIR: join(dir, 'objects'),
  }),
})

let stub: S3Stub | undefined

sessionRecoverySuite('S3', {
  env: async () => {
    stub = await startS3Stub({ buckets: ['whatsapp-sessions'] })
    return {
      MINIO_ENDPOINT: stub.endpoint,
      MINIO_PORT: String(stub.port),
      MINIO_ACCESS_KEY: stub.accessKey,
      MINIO_SECRET_KEY: stub.secretKey,
      WA_GATEWAY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    }
  },
  close: async () => stub?.close(),
})
