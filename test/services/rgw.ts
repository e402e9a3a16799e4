import { randomBytes } from 'node:crypto'
import { Client } from 'minio'
import { inject } from 'vitest'
import type { RgwAccess } from './rgw-server.ts'

export interface Rgw extends RgwAccess {
  /** Creates a bucket of its own for the caller and gives its name. */
  makeBucket: () => Promise<string>
}

/** The Ceph RGW that the services configuration started. */
export function rgw(): Rgw {
  const access = inject('rgw')
  const client = new Client({
    endPoint: access.endpoint,
    port: access.port,
    useSSL: false,
    accessKey: access.accessKey,
    secretKey: access.secretKey,
    region: access.region,
  })
  return {
    ...access,
    async makeBucket() {
      const bucket = `sessions-${randomBytes(6).toString('hex')}`
      await client.makeBucket(bucket, access.region)
      return bucket
    },
  }
}
