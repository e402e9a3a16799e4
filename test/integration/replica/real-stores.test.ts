import { readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { describe, expect, it } from 'vitest'
import type { AuthHandle, AuthStore } from '../../../src/authstate/port.ts'
import { temporaryDirectory } from '../../support/authstate.ts'
import { objectFiles } from '../../support/stored-objects.ts'
import { openLocalGateway, type LocalGateway } from '../../support/local-gateway.ts'

const ID = 'shop'

async function start(stateDir: string, storeDir: string, worker = 'w1'): Promise<LocalGateway> {
  const gateway = await openLocalGateway({ stateDir, storeDir, worker })
  await gateway.replica.start()
  return gateway
}

async function pair({ auth, replica }: LocalGateway): Promise<void> {
  await auth.create(ID, initAuthCreds())
  const outcome = await replica.claim({ sessionId: ID, assigned: true, create: true })
  expect(outcome).toMatchObject({ kind: 'claimed', route: 'new' })
  await withHandle(auth, async (handle) => {
    handle.state.creds.account = { details: Buffer.from('linked') }
    await handle.saveCreds()
  })
  await replica.fold(ID, 'paired')
}

async function withHandle(auth: AuthStore, work: (handle: AuthHandle) => Promise<void>) {
  const handle = await auth.open(ID)
  await work(handle)
  await handle.close()
}

async function write(auth: AuthStore, ...ids: string[]): Promise<void> {
  await withHandle(auth, async (handle) => {
    for (const id of ids)
      await handle.state.keys.set({ session: { [id]: Buffer.from(`ratchet ${id}`) } })
  })
}

async function read(auth: AuthStore, ...ids: string[]): Promise<string[]> {
  const found: string[] = []
  await withHandle(auth, async (handle) => {
    const values = await handle.state.keys.get('session', ids)
    found.push(...ids.filter((id) => values[id] !== undefined))
  })
  return found
}

function directories() {
  return { state: temporaryDirectory(), store: temporaryDirectory() }
}

describe('over the real auth store and a folder', () => {
  it('is warm on the same disk, though nothing of the last writes was stored', async () => {
    const dirs = directories()
    const first = await start(dirs.state, dirs.store)
    await pair(first)
    await write(first.auth, 'a', 'b')
    await first.stop()

    const second = await start(dirs.state, dirs.store)
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 2, seq: 4 })
    expect(await read(second.auth, 'a', 'b')).toEqual(['a', 'b'])
    await second.replica.fold(ID, 'interval')
    await write(second.auth, 'c')
    await second.stop()

    const third = await start(dirs.state, dirs.store)
    const again = await third.replica.claim({ sessionId: ID, assigned: true })
    expect(again).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 3, seq: 5 })
    expect(third.auth.find(ID)?.tags).toHaveLength(1)
  })

  it('is cold on an empty disk, found by its worker name', async () => {
    const dirs = directories()
    const first = await start(dirs.state, dirs.store)
    await pair(first)
    await write(first.auth, 'a')
    expect(await first.replica.release(ID, { store: true })).toEqual({ stored: true })
    await first.stop()

    const second = await start(temporaryDirectory(), dirs.store)
    expect(await second.replica.discover()).toEqual([ID])
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toEqual({ kind: 'claimed', route: 'cold', epoch: 2, seq: 3, notes: [] })
    expect(await read(second.auth, 'a')).toEqual(['a'])
    await withHandle(second.auth, async (handle) => {
      expect(handle.state.creds.account?.details).toEqual(Buffer.from('linked'))
    })
    expect(await start(temporaryDirectory(), dirs.store, 'w2').then(discovered)).toEqual([])
  })

  it('goes back to a backup and forward again', async () => {
    const dirs = directories()
    const gateway = await start(dirs.state, dirs.store)
    const { auth, replica } = gateway
    await pair(gateway)
    await write(auth, 'good')
    const backup = await replica.fold(ID, 'manual')
    await write(auth, 'bad')
    await replica.release(ID, { store: true })

    const back = await replica.restore(ID, { from: backup.id })
    expect(await read(auth, 'good', 'bad')).toEqual(['good'])
    expect(await replica.claim({ sessionId: ID, assigned: true })).toMatchObject({ route: 'warm' })
    await write(auth, 'more')
    await replica.release(ID, { store: true })
    await replica.restore(ID, { from: back.replaced?.id ?? 'none' })
    expect(await read(auth, 'good', 'bad', 'more')).toEqual(['good', 'bad'])
    expect(readdirSync(join(dirs.state, 'quarantine')).length).toBeGreaterThanOrEqual(2)
  })

  it('removes every object of its own but the tombstone', async () => {
    const dirs = directories()
    const gateway = await start(dirs.state, dirs.store)
    await pair(gateway)
    await gateway.replica.remove(ID)
    expect(await gateway.replica.owner(ID)).toMatchObject({ removed: true, backups: [] })
    expect(objectFiles(dirs.store).filter((file) => !/owner|\/workers\//.test(file))).toEqual([])
    expect(await gateway.replica.discover()).toEqual([])
  })
})

describe('a session that was restored and not changed yet', () => {
  async function restored(dirs: { state: string; store: string }): Promise<LocalGateway> {
    const first = await start(dirs.state, dirs.store)
    await pair(first)
    await write(first.auth, 'a', 'b')
    await first.replica.fold(ID, 'interval')
    await first.replica.release(ID, { store: true })
    await first.stop()
    rmSync(join(dirs.state, 'state.db'))
    const second = await start(dirs.state, dirs.store)
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', seq: 4 })
    return second
  }

  it('is released, claimed warm, folded and brought back elsewhere like any other', async () => {
    const dirs = directories()
    const second = await restored(dirs)
    expect(await second.replica.fold(ID, 'manual')).toMatchObject({ seq: 4, keys: 2 })
    await second.replica.release(ID, { store: true })
    await second.stop()
    const third = await start(dirs.state, dirs.store)
    const warm = await third.replica.claim({ sessionId: ID, assigned: true })
    expect(warm).toMatchObject({ kind: 'claimed', route: 'warm', seq: 4 })
    await write(third.auth, 'c')
    await third.replica.fold(ID, 'interval')
    await third.replica.release(ID, { store: false })
    const fourth = await start(temporaryDirectory(), dirs.store, 'w2')
    await fourth.replica.claim({ sessionId: ID, assigned: true })
    expect(await read(fourth.auth, 'a', 'b', 'c')).toEqual(['a', 'b', 'c'])
  })

  it('comes from the store again where its local copy rotted', async () => {
    const dirs = directories()
    const second = await restored(dirs)
    await second.stop()
    const db = new DatabaseSync(join(dirs.state, 'state.db'))
    db.exec("UPDATE images SET body = CAST(substr(body, 1, 300) || x'00' AS BLOB)")
    db.close()
    const third = await start(dirs.state, dirs.store)
    await expect(third.auth.open(ID)).rejects.toMatchObject({ code: 'state.corrupt' })
    await third.auth.quarantine(ID, 'damaged')
    const again = await third.replica.claim({ sessionId: ID, assigned: true })
    expect(again).toMatchObject({ kind: 'claimed', route: 'cold', seq: 4 })
    expect(await read(third.auth, 'a', 'b')).toEqual(['a', 'b'])
  })
})

describe('damage in the folder', () => {
  const spoil: [string, (file: string) => void][] = [
    ['truncated', (file) => truncateSync(file, statSync(file).size - 5)],
    ['overwritten', (file) => writeFileSync(file, 'garbage')],
    ['missing', (file) => rmSync(file.replace(/=.*$/, '='), { recursive: true })],
  ]

  it.each(spoil)('a snapshot that is %s is refused, and nothing is started', async (_, damage) => {
    const dirs = directories()
    const first = await start(dirs.state, dirs.store)
    await pair(first)
    await first.replica.release(ID, { store: true })
    await first.stop()
    for (const file of objectFiles(dirs.store))
      if (/\/0{9}1\/0{15}2/.test(file)) damage(join(dirs.store, file))

    const second = await start(temporaryDirectory(), dirs.store)
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'damaged' })
    expect(outcome).toHaveProperty(
      'detail',
      expect.stringMatching(/'shop'.*v1\/sessions\/shop\/0000000001\/0000000000000002/),
    )
    expect(second.auth.list()).toEqual([])
    expect(await second.replica.owner(ID)).toMatchObject({ epoch: 1, released: true })
  })

  it('an owner record that is overwritten is refused, and the disk is left as it is', async () => {
    const dirs = directories()
    const first = await start(dirs.state, dirs.store)
    await pair(first)
    await first.stop()
    for (const file of objectFiles(dirs.store))
      if (file.includes('shop/owner')) writeFileSync(join(dirs.store, file), 'garbage')

    const second = await start(dirs.state, dirs.store)
    const outcome = await second.replica.claim({ sessionId: ID, assigned: true, create: true })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'damaged' })
    expect(second.auth.find(ID)).toMatchObject({ paired: true })
    await expect(second.replica.owner(ID)).rejects.toMatchObject({ code: 'replica.damaged' })
    expect(await second.replica.discover()).toEqual([ID])
  })
})

async function discovered({ replica }: LocalGateway): Promise<string[]> {
  return replica.discover()
}
