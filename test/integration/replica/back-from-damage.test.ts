import { describe, expect, it } from 'vitest'
import {
  aliveName,
  lowName,
  ownerName,
  slotName,
  snapshotName,
} from '../../../src/replica/names.ts'
import type { BootId } from '../../../src/replica/names.ts'
import type { SessionCheck } from '../../../src/replica/verify/port.ts'
import { buildDamageWorld, type DamageWorld } from '../../support/damage-world.ts'
import { failure } from '../../support/failure.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'cafe'

function bootOf({ name, auth }: TestWorker): BootId {
  return { worker: name, boot: auth.boot }
}

function flip({ store }: DamageWorld, name: string): void {
  const bytes = Uint8Array.from(store.objects.get(name)?.bytes ?? [])
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  store.store(name, bytes)
}

/** The slot of the `nth` bundle from the end. */
function fromEnd({ second }: DamageWorld, nth: number): string {
  const boot = bootOf(second)
  return slotName(boot, second.auth.nextSlot(boot.boot) - nth)
}

/** `newest` is the name of the newest snapshot. */
const DAMAGES: [string, (world: DamageWorld, newest: string) => void][] = [
  ['its newest snapshot is damaged', flip],
  ['a bundle is damaged', (world) => flip(world, fromEnd(world, 1))],
  ['a bundle is gone', (world) => world.store.objects.delete(fromEnd(world, 2))],
  [
    'what says where its log begins is damaged',
    ({ store, second }) => store.store(lowName(bootOf(second)), Buffer.from('WAGW?')),
  ],
]

/** The host of `cafe` is lost: nobody counts any more, and nobody has its disk. */
async function fresh({ store }: DamageWorld): Promise<TestWorker> {
  return new TestWorker(store, { name: 'w9' })
}

async function inTime<T>({ clock }: TestWorker, work: Promise<T>): Promise<T> {
  const [result] = await Promise.all([work, clock.advance(60_000)])
  return result
}

describe('going back when a lost host left a damaged session', () => {
  it.each(DAMAGES)('%s: refused until told, then online with the backup', async (_, damage) => {
    const world = await buildDamageWorld(false)
    const { epoch, seq } = await world.second.replica.fold(ID, 'manual')
    for (const text of ['tail', 'last']) {
      world.second.write(ID, text)
      await world.second.clock.advance(5_000)
    }
    damage(world, snapshotName(ID, epoch, seq))
    const worker = await fresh(world)
    const request = { sessionId: ID, assigned: true }
    const refused = await inTime(worker, worker.replica.claim(request))
    expect(refused).toMatchObject({ kind: 'refused', cause: 'damaged' })

    const [, target] = await worker.replica.backups(ID)
    const back = await inTime(worker, worker.replica.restore(ID, { from: target?.id ?? '' }))
    expect(back.epoch).toBe(3)
    expect(await worker.replica.claim(request)).toMatchObject({ kind: 'claimed', route: 'warm' })
    expect(worker.content(ID)).not.toContain('tail')
    expect(worker.content(ID)).toContain('last-1')
    worker.write(ID, 'after')
    await worker.clock.advance(5_000)

    const checks: SessionCheck[] = []
    await worker.replica.verify({ sessionIds: [ID] }, (check) => {
      if (check.kind === 'session') checks.push(check)
    })
    expect(checks[0]?.findings.filter(({ severity }) => severity === 'recovery')).toEqual([])
    const again = await fresh(world)
    const elsewhere = await again.replica.claim({ ...request, takeOver: true })
    expect(elsewhere).toMatchObject({ kind: 'claimed', route: 'cold' })
    expect(again.content(ID)).toEqual(worker.content(ID))
  })

  it('leaves it to an owner that is alive', async () => {
    const world = await buildDamageWorld(false)
    await world.second.replica.start()
    expect(world.store.names()).toContain(aliveName('w2/b', world.second.auth.boot))
    const before = world.store.objects.get(ownerName(ID))
    const worker = await fresh(world)
    const [, target] = await worker.replica.backups(ID)
    const refused = failure(worker.replica.restore(ID, { from: target?.id ?? '' }))
    for (let i = 0; i < 40; i++)
      for (const { clock } of [world.second, worker]) await clock.advance(1_000)
    expect(await refused).toMatchObject({ code: 'replica.owned-elsewhere' })
    expect(world.store.objects.get(ownerName(ID))).toEqual(before)
    await world.second.replica.stop()
  })
})
