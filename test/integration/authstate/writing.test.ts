import { expect, test } from 'vitest'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { openTestStore, stallCommits, temporaryDirectory } from '../../support/authstate.ts'
import { eventually } from '../../support/gateway.ts'

test('a commit that waits for the disk is seen while it waits, and told of when it is done', async () => {
  const stateDir = temporaryDirectory()
  const store = await openTestStore({ stateDir })
  const commits: number[] = []
  const unsubscribe = store.onCommit((ms) => commits.push(ms))
  expect(store.writing()).toEqual({ committingMs: 0 })

  const release = stallCommits(stateDir)
  const created = store.create('anna', initAuthCreds())
  await eventually('a commit under way', () => store.writing().committingMs > 0 || undefined)
  expect(commits).toEqual([])
  release()
  await created
  expect(store.writing()).toEqual({ committingMs: 0 })
  expect(commits).toHaveLength(1)
  expect(commits[0]).toBeGreaterThan(0)

  unsubscribe()
  await store.purge('anna')
  expect(commits).toHaveLength(1)
})
