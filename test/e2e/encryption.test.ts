import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { keyEncryptionKey } from '../../src/replica/crypto/key.ts'
import { decodeRing } from '../../src/replica/crypto/ring.ts'
import type { Environment } from '../support/gateway.ts'
import { startS3Stub, type S3Stub } from '../support/s3-stub.ts'
import { openStage, type Stage } from '../support/stage.ts'

const BUCKET = 'whatsapp-sessions'
const KEYRING = 'v1/keyring'
const LIMIT = 60_000
const key = randomBytes(32)
let s3: S3Stub

beforeEach(async () => {
  s3 = await startS3Stub({ buckets: [BUCKET] })
  onTestFinished(() => s3.close())
})

function settings(more: Environment = {}): Environment {
  return {
    MINIO_ENDPOINT: s3.endpoint,
    MINIO_PORT: String(s3.port),
    MINIO_ACCESS_KEY: s3.accessKey,
    MINIO_SECRET_KEY: s3.secretKey,
    WA_GATEWAY_ENCRYPTION_KEY: key.toString('base64'),
    LOG_LEVEL: 'trace',
    ...more,
  }
}

/** Every object with the cipher that its header names: 0 is none, 1 is aes-256-gcm. */
function ciphers(): [string, number | undefined][] {
  return [...s3.objects(BUCKET)].map(([name, { bytes }]) => [name, bytes[7]])
}

function plainObjects(): string[] {
  return ciphers()
    .filter(([, cipher]) => cipher !== 1)
    .map(([name]) => name)
}

function snapshotOfStore(): Map<string, string> {
  const hex = ([name, { bytes }]: [string, { bytes: Uint8Array }]) =>
    [name, Buffer.from(bytes).toString('hex')] as const
  return new Map([...s3.objects(BUCKET)].map(hex))
}

/** The data keys, as whoever has the key-encryption key can read them. */
function dataKeys(): Buffer[] {
  const ring = decodeRing(s3.objects(BUCKET).get(KEYRING)?.bytes ?? Buffer.alloc(0), [
    keyEncryptionKey(key),
  ])
  return ring.keys.map(({ key: each }) => each.export())
}

function expectNoKeysIn(text: string): void {
  for (const secret of [key, ...dataKeys()])
    for (const form of ['hex', 'base64', 'base64url', 'latin1', 'utf8'] as const) {
      expect(text).not.toContain(secret.toString(form))
      expect(text).not.toContain(secret.toString(form).slice(0, 16))
    }
}

/** Ends as a configuration that cannot work, and the store is as it was. */
async function expectRefused(stage: Stage, env: Environment, words: string[]): Promise<void> {
  const before = snapshotOfStore()
  const logins = stage.simulator.report().details.logins.length
  const gateway = stage.spawn(env)
  expect(await gateway.end(), gateway.output).toBe(78)
  for (const word of words) expect(gateway.output).toContain(word)
  const after = snapshotOfStore()
  for (const name of after.keys()) if (name.startsWith('v1/probe')) after.delete(name)
  expect(after).toEqual(before)
  expect(stage.simulator.report().details.logins).toHaveLength(logins)
}

describe('a store in S3', () => {
  test(
    'holds nothing that is not encrypted, through rotation and a lost disk',
    async () => {
      const stage = await openStage({ env: settings() })
      const gateway = await stage.startPaired()
      await stage.exchange('before')
      expect(plainObjects()).toEqual([])
      const status = await gateway.client.call('status', {})
      const first = status.store.encryption?.keyId
      expect(status.store.encryption).toMatchObject({ kind: 'aes-256-gcm', keys: 1 })

      const added = await stage.run('backup', 'key', 'add', '--json')
      expect(JSON.parse(added.stdout)).toMatchObject({
        keys: [{ id: first, state: 'active' }, { state: 'distributed' }],
      })
      const early = await stage.run('backup', 'key', 'rotate')
      expect(early).toMatchObject({ status: 2, stderr: expect.stringContaining('too new') })
      expect((await stage.run('backup', 'key', 'rotate', '--force')).status).toBe(0)
      const listed = await stage.run('backup', 'key', 'list')
      expect(listed.stdout).toMatch(/retired[^]*active/)
      await stage.exchange('between')
      expect(await gateway.stop(), gateway.output).toBe(0)
      expect(plainObjects()).toEqual([])

      await stage.wipe()
      const again = await stage.startOnline()
      await stage.exchange('after')
      expect((await stage.run('status')).stdout).toMatch(/encryption +aes-256-gcm, key .* of 2/)
      const argv = await readFile(`/proc/${again.child.pid}/cmdline`, 'latin1')
      expectNoKeysIn(`${stage.output}\n${argv}`)
      stage.expectNoHarm()
    },
    LIMIT,
  )

  test(
    'is not opened with another key, nor without',
    async () => {
      const stage = await openStage({ sessions: 1, env: settings() })
      const gateway = await stage.startPaired()
      await gateway.stop()
      const wrong = randomBytes(32)
      const used = keyEncryptionKey(key).id
      for (const disk of ['kept', 'wiped']) {
        await expectRefused(stage, { WA_GATEWAY_ENCRYPTION_KEY: wrong.toString('hex') }, [
          used,
          keyEncryptionKey(wrong).id,
        ])
        await expectRefused(
          stage,
          { WA_GATEWAY_ENCRYPTION_KEY: '', WA_GATEWAY_ALLOW_PLAINTEXT: 'true' },
          ['is encrypted', 'WA_GATEWAY_ENCRYPTION_KEY'],
        )
        if (disk === 'kept') await stage.wipe()
      }
      expect(stage.output).not.toContain(wrong.toString('hex').slice(0, 16))
      await stage.startOnline({
        WA_GATEWAY_ENCRYPTION_KEY: `${wrong.toString('hex')},${key.toString('hex')}`,
      })
      expect((await stage.run('backup', 'key', 'rewrap')).stdout).toContain(
        keyEncryptionKey(wrong).id,
      )
      await stage.gateway.stop()
      await stage.startOnline({ WA_GATEWAY_ENCRYPTION_KEY: wrong.toString('base64') })
      await stage.exchange('with the new key')
      stage.expectNoHarm()
    },
    LIMIT,
  )

  test(
    'whose keyring is gone gets no other one',
    async () => {
      const stage = await openStage({ sessions: 1, env: settings() })
      const gateway = await stage.startPaired()
      await gateway.stop()
      const objects = s3.objects(BUCKET)
      const ring = objects.get(KEYRING)
      objects.delete(KEYRING)
      await expectRefused(stage, {}, ['its keyring is gone', 'v1/keyrings/'])
      for (const name of objects.keys()) if (name.startsWith(KEYRING)) objects.delete(name)
      await expectRefused(stage, {}, ['no keyring'])
      await expectRefused(stage, { WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }, [
        "'session-0' is encrypted",
      ])
      if (ring) objects.set(KEYRING, ring)
      await stage.startOnline()
      stage.expectNoHarm()
    },
    LIMIT,
  )

  test(
    'that was plain is encrypted once it may be, and plain objects are then refused',
    async () => {
      const stage = await openStage({ sessions: 1, env: settings() })
      const plain = { WA_GATEWAY_ENCRYPTION_KEY: '', WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }
      const gateway = await stage.startPaired(plain)
      expect(plainObjects()).not.toEqual([])
      expect((await stage.run('status')).stdout).toMatch(/encryption +none/)
      await gateway.stop()
      const owner = s3.objects(BUCKET).get('v1/sessions/session-0/owner')
      await expectRefused(stage, {}, ['no keyring', 'WA_GATEWAY_ALLOW_PLAINTEXT=true'])

      await stage.startOnline({ WA_GATEWAY_ALLOW_PLAINTEXT: 'true' })
      await stage.exchange('on the way')
      await stage.gateway.stop()
      await stage.wipe()
      await stage.startOnline()
      await stage.exchange('encrypted')
      await stage.gateway.stop()
      if (owner) s3.objects(BUCKET).set('v1/sessions/session-0/owner', owner)
      await stage.start()
      const { session } = await stage.view('session-0')
      expect(session).toMatchObject({
        cause: 'damaged',
        detail: expect.stringContaining('session-0'),
      })
      expect(session.detail).toContain('not encrypted')
      stage.expectNoHarm()
    },
    LIMIT,
  )
})

test(
  'a folder can be encrypted too, and is not written to without the key',
  async () => {
    const env = { WA_GATEWAY_ENCRYPTION_KEY: key.toString('hex') }
    const stage = await openStage({ sessions: 1, env })
    const gateway = await stage.startPaired()
    await gateway.stop()
    const without = stage.spawn({ WA_GATEWAY_ENCRYPTION_KEY: '' })
    expect(await without.end(), without.output).toBe(78)
    await stage.wipe()
    await stage.startOnline()
    await stage.exchange('from the encrypted folder')
    stage.expectNoHarm()
  },
  LIMIT,
)
