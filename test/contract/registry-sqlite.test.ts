import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteRegistry } from '../../src/registry/sqlite.ts'
import { registryContract } from './registry.ts'

registryContract('sqlite', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'wa-registry-'))
  return {
    open: async (now) =>
      (await openSqliteRegistry({ file: join(dir, 'registry.db'), now })).registry,
    dispose: () => rm(dir, { recursive: true }),
  }
})
