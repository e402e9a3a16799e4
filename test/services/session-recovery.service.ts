import { randomBytes } from 'node:crypto'
import { sessionRecoverySuite } from '../e2e/session-recovery.ts'

import { rgw } from './rgw.ts'

sessionRecoverySuite('Ceph RGW', {
  env: async () => {
    const server = rgw()
    return {
      MINIO_ENDPOINT: server.endpoint,
      MINIO_PORT: String(server.port),
      MINIO_REGION: server.region,
      MINIO_ACCESS_KEY: server.accessKey,
      MINIO_SECRET_KEY: server.secretKey,
      MINIO_BUCKET: await server.makeBucket(),
      WA_GATEWAY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    }
  },
})
