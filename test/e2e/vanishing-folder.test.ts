import { mkdir, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { vanishingFolderTest } from './vanishing-folder.ts'

vanishingFolderTest('an object folder that is moved away', {
  away: async ({ dir }) => {
    await rename(join(dir, 'objects'), join(dir, 'aside'))
    await mkdir(join(dir, 'objects'))
  },
  back: async ({ dir }) => {
    await rmdir(join(dir, 'objects'))
    await rename(join(dir, 'aside'), join(dir, 'objects'))
  },
})
