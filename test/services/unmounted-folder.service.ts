import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { vanishingFolderTest } from '../e2e/vanishing-folder.ts'
import type { Stage } from '../support/stage.ts'

const unmount = ({ dir }: Stage) => execa('umount', ['--lazy', join(dir, 'objects')])
const mount = async ({ dir }: Stage): Promise<void> => {
  await execa('mount', ['--bind', join(dir, 'disk'), join(dir, 'objects')])
}

// Mounting needs root.
vanishingFolderTest('a mount that goes', {
  prepare: async (stage) => {
    await mkdir(join(stage.dir, 'disk'))
    await mkdir(join(stage.dir, 'objects'))
    await mount(stage)
    onTestFinished(async () => {
      await unmount(stage)
    })
  },
  away: async (stage) => {
    await unmount(stage)
  },
  back: mount,
})
