import { expect, test } from 'vitest'
import { eventually, type Environment } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'

export interface FailingDisk {
  /** Makes ready what the state directory will lie on. */
  prepare?(stage: Stage): Promise<void>
  /** Leaves room for some more changes, and for no more than that. */
  fill?(stage: Stage): Promise<{ env?: Environment; limits?: string }>
  /** Begins to fail under a daemon whose sessions are online. */
  fail?(stage: Stage): Promise<void>
  /** Makes room again. */
  mend?(stage: Stage): Promise<void>
}

/** A disk that takes no more ends the daemon, and what was acknowledged is there afterwards. */
export function failingDiskTest(name: string, disk: FailingDisk): void {
  test(`${name} ends the daemon loudly and costs nothing that was acknowledged`, async () => {
    const stage = await openStage()
    await disk.prepare?.(stage)
    await stage.startPaired()
    await stage.exchange('before')
    expect(await stage.gateway.stop()).toBe(0)

    const { env, limits } = (await disk.fill?.(stage)) ?? {}
    const gateway = stage.spawn(env, limits)
    await gateway.untilOnline(stage.ids)
    const first = await stage.listen()
    const [id = ''] = stage.ids
    const friend = stage.simulator.contact(stage.friendOf(id))
    let sent = 0
    while (!gateway.ended) {
      if (sent === 3) await disk.fail?.(stage)
      const text = `message ${++sent}`
      await friend.send(stage.phoneOf(id), text)
      await eventually(text, () => (gateway.ended || first.texts.has(text) ? true : undefined))
    }
    expect(await gateway.end(), gateway.output).toBe(1)
    expect(gateway.output).toContain('the disk under the state directory')
    expect(first.texts.size).toBeGreaterThan(0)

    await disk.mend?.(stage)
    const again = stage.spawn({ SESSION_RECOVERY_STARTUP_DELAY: '300' })
    await again.eventually('the control socket', () => again.client.call('status', {}))
    const second = await stage.listen()
    await again.untilOnline(stage.ids)
    await eventually('every message', () => {
      const texts = new Set([...first.texts.keys(), ...second.texts.keys()])
      return texts.size === sent ? true : undefined
    })
    await second.end()
    expect(again.output).not.toContain('quarantine')
    await stage.exchange('after')
    stage.expectNoHarm()
    expect(stage.simulator.report().inbound).toMatchObject({ lost: 0, waiting: 0, refused: 0 })
  }, 120_000)
}
