import { createSecretKey, randomBytes } from 'node:crypto'
import { Client } from 'minio'
import { encryptingSealer, type KeySource } from '../src/replica/crypto/sealer.ts'
import type { Sealer } from '../src/replica/sealer.ts'
import type { ObjectStore } from '../src/store/port.ts'
import { openS3Store } from '../src/store/s3.ts'
import { startRgw, type RgwAccess } from '../test/services/rgw-server.ts'

/** A bucket of Ceph RGW that is there while it is worked with. */
export interface Bucket {
  access: RgwAccess
  name: string
  open: () => ObjectStore
}

export async function withBucket<T>(work: (bucket: Bucket) => Promise<T>): Promise<T> {
  const server = await startRgw()
  try {
    const { access } = server
    const { endpoint, ...rest } = access
    const name = 'bench'
    await new Client({ ...rest, endPoint: endpoint, useSSL: false }).makeBucket(name, rest.region)
    const open = () => openS3Store({ ...access, bucket: name, useSSL: false })
    return await work({ access, name, open })
  } finally {
    await server.stop()
  }
}

/** Encrypts under a key of its own, as every remote store should be. */
export function benchSealer(): Sealer {
  const active = { id: 'bench', key: createSecretKey(randomBytes(32)) }
  const keys: KeySource = { active, find: () => active, refresh: async () => false }
  return encryptingSealer(keys)
}
