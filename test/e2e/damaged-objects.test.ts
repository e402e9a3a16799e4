import { expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'
import type { StoredObjects } from '../support/stored-objects.ts'

type Damage = (objects: StoredObjects, name: string) => Promise<void>

const DAMAGES: [string, Damage][] = [
  ['truncated', (objects, name) => objects.damage(name, (bytes) => bytes.subarray(0, -7))],
  [
    'with one bit flipped',
    (objects, name) =>
      objects.damage(name, (bytes) => {
        const middle = bytes.length >> 1
        bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
        return bytes
      }),
  ],
  ['missing', (objects, name) => objects.remove(name)],
]

test('a damaged snapshot is refused by name and never replaced by a new identity', async () => {
  const stage = await openStage({
    sessions: DAMAGES.length + 1,
  })
  const { objects } = stage
  const damagedIds = stage.ids.slice(0, DAMAGES.length)
  const soundIds = stage.ids.slice(DAMAGES.length)
  await stage.startPaired()
  await stage.exchange('before')
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  const names = await Promise.all(damagedIds.map((id) => objects.newest(id)))
  const putBack = await Promise.all(names.map((name) => objects.keep(name)))
  for (const [index, [, damage]] of DAMAGES.entries()) await damage(objects, names[index] ?? '')

  await stage.startOnline({}, soundIds)
  for (const [index, id] of damagedIds.entries()) {
    const [what] = DAMAGES[index] ?? ['']
    const { session, next, backups } = await stage.view(id)
    expect(session, what).toMatchObject({ state: 'failed', cause: 'damaged' })
    expect(session.detail, what).toContain(names[index])
    expect(session.detail, what).toContain(`'${id}'`)
    expect(next, what).toContain(`--session ${id}`)
    expect(backups, what).toBeGreaterThan(0)

    const shown = await stage.run('session', 'show', id)
    expect(shown.status).toBe(0)
    expect(shown.stdout).toContain(names[index])
    expect(shown.stdout).toContain(`backup list --session ${id}`)

    const recovered = await stage.run('recover', '--session', id)
    expect(recovered.status, what).toBe(11)
    expect(recovered.stderr, what).toContain(id)
    expect(recovered.stderr, what).toContain(names[index])
    expect(recovered.stderr, what).toContain('backup restore')
  }
  const all = await stage.run('recover', '--all')
  expect(all.status).toBe(3)
  for (const name of names) expect(all.stderr).toContain(name)

  // WhatsApp saw nothing of it, and going on works as if nothing had been.
  stage.expectNoHarm()
  await Promise.all(putBack.map((put) => put()))
  const mended = await stage.run('recover', '--all')
  expect(mended).toMatchObject({ status: 0, stderr: expect.not.stringContaining('failed') })
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('a session with a damaged owner record fails alone', async () => {
  const stage = await openStage()
  const { objects } = stage
  const [bad = '', good = ''] = stage.ids
  await stage.startPaired()
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  const name = `v1/sessions/${bad}/owner`
  const putBack = await objects.keep(name)
  await objects.damage(name, (bytes) => bytes.subarray(0, 20))

  await stage.startOnline({}, [good])
  const { session, ownerError } = await stage.view(bad)
  expect(session).toMatchObject({ state: 'failed', cause: 'damaged' })
  expect(session.detail).toContain(name)
  expect(ownerError).toContain(name)
  await putBack()
  expect(await stage.run('recover', '--session', bad)).toMatchObject({ status: 0 })
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
