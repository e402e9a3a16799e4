import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fullDiskTest } from './full-disk.ts'

const MARGIN = 400 * 1024

// Without root, a limit on the size of files is the nearest thing to a disk without room.
fullDiskTest('a limit on the size of files', {
  fill: async ({ stateDir }) => {
    const { size } = await stat(join(stateDir, 'state.db'))
    return { limits: `-f ${Math.ceil((size + MARGIN) / 1024)}` }
  },
})
