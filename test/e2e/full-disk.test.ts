import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { failingDiskTest } from './failing-disk.ts'

const MARGIN = 400 * 1024

// Without root, a limit on the size of files is the nearest thing to a disk without room.
failingDiskTest('a limit on the size of files', {
  fill: async ({ stateDir }) => {
    const { size } = await stat(join(stateDir, 'state.db'))
    return { limits: `-f ${Math.ceil((size + MARGIN) / 1024)}` }
  },
})
