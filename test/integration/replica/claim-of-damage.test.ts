import { beforeEach, expect, it } from 'vitest'
import { slotName } from '../../../src/replica/names.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore
let worker: TestWorker

beforeEach(() => {
  store = new MemoryStore()
  worker = new TestWorker(store)
})

/** What stands in the next slot of the worker's log can be neither bundle nor fence. */
function damageNext({ name, auth }: TestWorker): void {
  const boot = { worker: name, boot: auth.boot }
  store.store(slotName(boot, auth.nextSlot(boot.boot)), Buffer.from('neither'))
}

it('is refused where a log cannot be ended, though the disk has the newest state', async () => {
  await worker.pair(ID)
  worker.write(ID, 'a')
  await worker.replica.ship()
  damageNext(worker)
  const again = new TestWorker(store, { disk: worker.disk })
  const before = store.objects.get(`v1/sessions/${ID}/owner`)
  expect(await again.replica.claim({ sessionId: ID, assigned: true })).toMatchObject({
    kind: 'refused',
    cause: 'damaged',
  })
  expect(store.objects.get(`v1/sessions/${ID}/owner`)).toEqual(before)
})
