import type { TestProject } from 'vitest/node'
import type { RgwAccess } from './rgw-server.ts'
import { startRgw } from './rgw-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    rgw: RgwAccess
  }
}

/** One Ceph RGW for the whole run; it fails where Ceph is missing. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startRgw()
  project.provide('rgw', server.access)
  return () => server.stop()
}
