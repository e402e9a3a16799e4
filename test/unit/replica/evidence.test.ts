import { expect, test } from 'vitest'
import { isTagged } from '../../../src/replica/evidence.ts'
import { MemoryAuthStore } from '../../support/memory-auth-store.ts'
import { OTHER_BOOT, refOf } from './fixtures.ts'

const ID = 'shop'

test('local state is of a record by its tag, or untagged while nothing of it is stored', async () => {
  const auth = new MemoryAuthStore()
  const record = { session: ID, epoch: 3, boot: auth.boot, snapshot: null }
  expect(isTagged({ auth }, record)).toBe(false)
  await auth.create(ID)
  expect(isTagged({ auth }, record)).toBe(true)
  expect(isTagged({ auth }, { ...record, snapshot: refOf(1) })).toBe(false)
  expect(isTagged({ auth }, { ...record, boot: OTHER_BOOT })).toBe(false)
  await auth.tag(ID, { epoch: 3, boot: auth.boot }, true)
  expect(isTagged({ auth }, { ...record, snapshot: refOf(1) })).toBe(true)
  expect(isTagged({ auth }, { ...record, epoch: 4 })).toBe(false)
})
