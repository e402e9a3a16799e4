import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/session/errors.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import type { S3Config } from '../../src/store/s3.ts'
import { openS3Store } from '../../src/store/s3.ts'
import { collect } from '../support/collect.ts'

export interface S3UnderTest {
  /** Names a bucket that exists. */
  config: S3Config
  close(): Promise<void>
}

const SECRET = 'not-the-secret-9876543210'

/** What an S3 server refuses, in the gateway's words. */
export function s3AccessContract(server: string, make: () => Promise<S3UnderTest>): void {
  describe(`refused access: ${server}`, () => {
    let subject: S3UnderTest
    beforeAll(async () => {
      subject = await make()
    })
    afterAll(() => subject.close())

    async function using<T>(change: Partial<S3Config>, use: (store: ObjectStore) => Promise<T>) {
      const store = openS3Store({ ...subject.config, ...change })
      try {
        return await use(store)
      } finally {
        await store.close()
      }
    }

    async function failure(work: Promise<unknown>): Promise<GatewayError> {
      const error: unknown = await work.then(
        () => new Error('it was not refused'),
        (thrown: unknown) => thrown,
      )
      if (!(error instanceof GatewayError)) throw error
      return error
    }

    const body = new TextEncoder().encode('x')
    const calls: [string, (store: ObjectStore) => Promise<unknown>][] = [
      ['check', (store) => store.check()],
      ['get', (store) => store.get('v1/any')],
      ['put', (store) => store.put('v1/any', body)],
      ['putIfAbsent', (store) => store.putIfAbsent('v1/any', body)],
      ['compareAndSwap', (store) => store.compareAndSwap('v1/any', body, 'etag')],
      ['remove', (store) => store.remove('v1/any')],
      ['list', (store) => collect(store.list(''))],
    ]

    test.each(calls)('%s with a wrong secret is denied, and names no secret', async (_, call) => {
      const error = await using({ secretKey: SECRET }, (store) => failure(call(store)))
      expect(error.code).toBe('store.denied')
      expect(error.hint).toContain('MINIO_SECRET_KEY')
      expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain(SECRET)
    })

    test('an unknown access key is denied', async () => {
      const error = await using({ accessKey: 'nobodynobody' }, (store) => failure(store.check()))
      expect(error.code).toBe('store.denied')
      expect(error.hint).toContain('MINIO_ACCESS_KEY')
    })

    test.each(calls)('%s names a bucket that does not exist', async (_, call) => {
      const error = await using({ bucket: 'no-such-bucket-here' }, (store) => failure(call(store)))
      expect(error.code).toBe('store.no-bucket')
      expect(error.message).toContain('no-such-bucket-here')
      expect(error.hint).toMatch(/mc mb .*MINIO_BUCKET/)
    })

    test('a prefix keeps two homes in one bucket apart', async () => {
      await using({ prefix: 'one/' }, async (store) => {
        await store.put('v1/a', body)
        expect(await collect(store.listParts(''))).toEqual(['v1'])
      })
      await using({ prefix: 'two' }, async (store) => {
        expect(await store.get('v1/a')).toBeUndefined()
        expect(await collect(store.list(''))).toEqual([])
      })
      await using({}, async (store) => {
        expect(await store.get('one/v1/a')).toBeDefined()
      })
    })
  })
}
