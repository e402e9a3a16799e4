import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Result } from '../../src/control/api.ts'
import { openStage, type Stage } from '../support/stage.ts'

export interface VanishingFolder {
  /** Makes ready what the object folder will lie on. */
  prepare?(stage: Stage): Promise<void>
  /** Leaves an empty directory where the object folder was. */
  away(stage: Stage): Promise<void>
  back(stage: Stage): Promise<void>
}

const untilStore = (stage: Stage, healthy: boolean): Promise<Result<'status'>> =>
  stage.gateway.eventually(`the store to be ${healthy ? 'there' : 'away'}`, async () => {
    const status = await stage.gateway.client.call('status', {})
    return status.store.healthy === healthy ? status : undefined
  })

/** An object folder that goes is waited for: nothing is stored in what is there instead. */
export function vanishingFolderTest(name: string, folder: VanishingFolder): void {
  test(`${name}: sessions go on, nothing is stored beside it, and it is used again when it is back`, async () => {
    const stage = await openStage()
    const root = `${stage.dir}/objects`
    await folder.prepare?.(stage)
    await stage.startPaired()
    await stage.exchange('before')

    await folder.away(stage)
    await stage.exchange('while it is away')
    const { store } = await untilStore(stage, false)
    expect(store.detail).toContain(`the object folder ${root} is gone`)
    const listed = await stage.run('backup', 'list')
    expect(listed).toMatchObject({ status: 6 })
    expect(listed.stderr).toContain('mount its disk again')

    // A start without it knows that it is not a new one.
    expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
    const gateway = stage.spawn()
    await gateway.untilOnline(stage.ids)
    await stage.exchange('after a start without it')
    expect(await readdir(root)).toEqual([])

    await folder.back(stage)
    await gateway.untilRunning()
    await untilStore(stage, true)
    await gateway.eventually('everything to be stored', async () => {
      const { shipping } = await gateway.client.call('status', {})
      return shipping.lag.changes === 0 ? true : undefined
    })
    await stage.exchange('after')
    expect(await gateway.stop()).toBe(0)
    stage.expectNoHarm()
  }, 120_000)
}
