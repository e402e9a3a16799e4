import { copyFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import type { AuthHandle } from '../../../src/authstate/port.ts'
import { StoreReplica } from '../../../src/replica/replica.ts'
import { openFolderStore } from '../../../src/store/folder.ts'
import { temporaryDirectory } from '../../support/authstate.ts'
import { objectFiles } from '../../support/stored-objects.ts'
import { openLocalGateway, type LocalGateway } from '../../support/local-gateway.ts'
import { MemoryAuthStore } from '../../support/memory-auth-store.ts'

const ID = 'shop'
const OTHER = 'bar'
const QUICK = { own: 30, other: 60, poll: 10 }

const start = (storeDir: string, stateDir = temporaryDirectory()): Promise<LocalGateway> =>
  openLocalGateway({ stateDir, storeDir, ack: 'remote' })

async function pair({ auth, replica }: LocalGateway, id: string): Promise<AuthHandle> {
  await auth.create(id, initAuthCreds())
  const outcome = await replica.claim({ sessionId: id, assigned: true, create: true })
  expect(outcome).toMatchObject({ kind: 'claimed', route: 'new' })
  const handle = await auth.open(id)
  handle.state.creds.account = { details: Buffer.from('linked') }
  await handle.saveCreds()
  return handle
}

/** Two sessions whose state is partly in a snapshot, partly in the log, left as by a kill. */
async function killed(storeDir: string): Promise<void> {
  const gateway = await start(storeDir)
  for (const id of [ID, OTHER]) {
    const handle = await pair(gateway, id)
    await gateway.replica.fold(id, 'paired')
    for (let i = 0; i < 5; i++)
      await handle.state.keys.set({ session: { [`${id}${i}`]: Buffer.from(`ratchet ${i}`) } })
  }
  await gateway.stop()
}

/** Their files, from the root of the store on. */
function objects(dir: string): string[] {
  return objectFiles(dir)
    .filter((file) => !file.includes('alive'))
    .toSorted()
}

describe('over the real auth store and a folder', () => {
  it('brings back every acknowledged change on another disk, without a release', async () => {
    const dir = temporaryDirectory()
    await killed(dir)
    const gateway = await start(dir)
    const outcome = await gateway.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', epoch: 2, seq: 7 })
    expect(outcome).not.toHaveProperty('forfeited')
    const handle = await gateway.auth.open(ID)
    const ids = Array.from({ length: 5 }, (_, i) => `${ID}${i}`)
    expect(Object.keys(await handle.state.keys.get('session', ids))).toEqual(ids)
    await handle.state.keys.set({ session: { more: Buffer.from('x') } })
    expect(gateway.auth.find(ID)).toMatchObject({ seq: 8, storedSeq: 8 })
  })

  it('brings back a pairing that was never folded', async () => {
    const dir = temporaryDirectory()
    const first = await start(dir)
    await pair(first, ID)
    await first.replica.ship()
    await first.stop()
    const second = await start(dir)
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', seq: 2 })
    expect(second.auth.find(ID)).toMatchObject({ paired: true })
  })
})

describe('every object in turn', () => {
  const spoil: [string, (file: string, other: string) => void][] = [
    [
      'flipped',
      (file) => {
        const bytes = readFileSync(file)
        const at = Math.floor(bytes.length / 2)
        bytes[at] = (bytes[at] ?? 0) ^ 1
        writeFileSync(file, bytes)
      },
    ],
    ['truncated', (file) => truncateSync(file, readFileSync(file).length - 1)],
    ['swapped with another', (file, other) => copyFileSync(other, file)],
    ['deleted', (file) => rmSync(file.slice(0, file.indexOf('=') + 1), { recursive: true })],
  ]

  it.each(spoil)(
    '%s: named with the session, and nothing starts',
    async (_, damage) => {
      const origin = temporaryDirectory()
      await killed(origin)
      const store = objects(origin).map((file) => `/${file}`)
      // The end of the log is where it ends, and the other session's own objects are not read.
      const last = store.findLast((file) => file.includes('/workers/'))
      const needed = store.filter((file) => !file.includes(`/${OTHER}/`) && file !== last)
      for (const file of needed) {
        const dir = temporaryDirectory()
        cpSync(origin, dir, { recursive: true })
        const other = store[(store.indexOf(file) + 1) % store.length] ?? ''
        damage(join(dir, file), join(dir, other))
        const outcome = await claimOf(dir)
        expect(outcome, file).toMatchObject({ kind: 'refused' })
        expect(outcome, file).toHaveProperty('detail', expect.stringContaining(`'${ID}'`))
        // A record that is gone is a session that the store never had.
        const name = file.includes('/owner=') ? ID : (file.slice(1).split('=')[0] ?? '')
        expect(outcome.detail, file).toContain(name)
      }
      expect(needed.length).toBeGreaterThan(4)
    },
    120_000,
  )
})

/** What a fresh disk gets of the first session. */
async function claimOf(dir: string): Promise<{ kind: string; detail?: string }> {
  const store = await openFolderStore(dir)
  const auth = new MemoryAuthStore()
  auth.isPaired = () => true
  const replica = new StoreReplica({ store, auth, worker: 'w1', silenceTiming: QUICK })
  try {
    const outcome = await replica.claim({ sessionId: ID, assigned: true })
    if (outcome.kind === 'claimed') return { kind: outcome.kind }
    expect(auth.list()).toEqual([])
    return outcome
  } finally {
    await replica.stop()
    await store.close()
  }
}
