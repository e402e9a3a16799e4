import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { failingDiskTest } from '../e2e/failing-disk.ts'

const MARGIN = 400 * 1024

// Mounting needs root.
failingDiskTest('a disk without room', {
  prepare: async ({ stateDir }) => {
    await mkdir(stateDir)
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', stateDir])
    onTestFinished(async () => {
      await execa('umount', ['--lazy', stateDir])
    })
  },
  fill: async ({ stateDir }) => {
    const { bavail, bsize } = await statfs(stateDir)
    await writeFile(join(stateDir, 'ballast'), Buffer.alloc(bavail * bsize - MARGIN))
    return {}
  },
  mend: ({ stateDir }) => rm(join(stateDir, 'ballast')),
})
