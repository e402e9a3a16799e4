import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ObjectStore } from '../../../src/store/port.ts'
import { probeConditionalWrites } from '../../../src/store/probe.ts'
import { openS3Store } from '../../../src/store/s3.ts'
import type { S3Limits } from '../../../src/store/s3.ts'
import { collect } from '../../support/collect.ts'
import { startS3Stub } from '../../support/s3-stub.ts'
import type { S3Stub } from '../../support/s3-stub.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const unknown = expect.objectContaining({ code: 'store.unknown-outcome', retryable: true })

let stub: S3Stub
let stores: ObjectStore[]
let store: ObjectStore

beforeEach(async () => {
  stub = await startS3Stub({ buckets: ['sessions'], pageSize: 10 })
  stores = []
  store = open()
})

afterEach(async () => {
  for (const opened of stores) await opened.close()
  await stub.close()
})

/** One connection only: a response that was not read to its end would block the next call. */
function open(limits: Partial<S3Limits> = {}): ObjectStore {
  const { endpoint, port, accessKey, secretKey, region } = stub
  const opened = openS3Store({
    endpoint,
    port,
    useSSL: false,
    accessKey,
    secretKey,
    region,
    bucket: 'sessions',
    limits: {
      idleTimeoutMs: 300,
      totalTimeoutMs: 2000,
      attempts: 4,
      baseDelayMs: 5,
      maxSockets: 1,
      ...limits,
    },
  })
  stores.push(opened)
  return opened
}

describe('what may be repeated is repeated', () => {
  test.each([408, 429, 500, 502, 503, 504])('status %i passes', async (status) => {
    await store.put('v1/a', bytes('a'))
    stub.faults.inject({ times: 3, fault: { kind: 'status', status } })
    expect(await store.get('v1/a')).toMatchObject({ bytes: bytes('a') })
    expect(stub.count('get')).toBe(4)
  })

  test.each([
    ['a cut connection', { kind: 'reset' }],
    ['a lost answer', { kind: 'reset', apply: true }],
    ['silence', { kind: 'hang' }],
    ['a late answer', { kind: 'slow', ms: 30 }],
  ] as const)('%s passes on every call', async (_, fault) => {
    for (const call of [
      () => store.put('v1/a', bytes('a')),
      () => store.get('v1/a'),
      () => collect(store.list('')),
      () => store.check(),
      () => store.remove('v1/a'),
    ]) {
      stub.faults.inject({ times: 1, fault })
      await call()
    }
    expect(stub.objects('sessions').size).toBe(0)
  })

  test.each([{ kind: 'truncate' }, { kind: 'stall' }] as const)(
    'a body that breaks off is read again: $kind',
    async (fault) => {
      const body = new Uint8Array(100_000).fill(7)
      await store.put('v1/big', body)
      stub.faults.inject({ on: 'get', times: 2, fault })
      const object = await store.get('v1/big')
      expect(Buffer.compare(object?.bytes ?? Buffer.alloc(0), body)).toBe(0)
      expect(stub.count('get')).toBe(3)
    },
  )

  test('a page of a list that breaks off is read again, not left out', async () => {
    for (let index = 0; index < 35; index += 1) await store.put(`v1/${index + 100}`, bytes('x'))
    stub.faults.inject({ on: 'list', times: 1, fault: { kind: 'status', status: 503 } })
    const names: string[] = []
    for await (const { name } of store.list('v1/')) {
      if (names.push(name) === 15) stub.faults.inject({ times: 1, fault: { kind: 'truncate' } })
    }
    expect(names).toEqual(Array.from({ length: 35 }, (_, index) => `v1/${index + 100}`))
  })

  test('a refusal is not repeated', async () => {
    stub.faults.inject({ fault: { kind: 'status', status: 403, code: 'AccessDenied' } })
    await expect(store.get('v1/a')).rejects.toMatchObject({ code: 'store.denied' })
    expect(stub.count('get')).toBe(1)
  })
})

describe('what stays broken is told', () => {
  test.each([
    ['without a byte', { idleTimeoutMs: 100, totalTimeoutMs: 60_000 }],
    ['for a whole answer', { idleTimeoutMs: 60_000, totalTimeoutMs: 100 }],
  ])('silence ends at the limit %s, and the next call works', async (_, limits) => {
    const limited = open(limits)
    await limited.put('v1/a', bytes('a'))
    stub.faults.inject({ times: 2, fault: { kind: 'hang' } })
    stub.faults.inject({ times: 2, fault: { kind: 'stall' } })
    await expect(limited.get('v1/a')).rejects.toMatchObject({
      code: 'store.unavailable',
      message: expect.stringContaining(`http://127.0.0.1:${stub.port}`),
    })
    expect(await limited.get('v1/a')).toMatchObject({ bytes: bytes('a') })
  })

  test('error answers leave the only connection free', async () => {
    const patient = open({ idleTimeoutMs: 60_000, totalTimeoutMs: 60_000 })
    stub.faults.inject({ times: 4, fault: { kind: 'status', status: 503 } })
    await expect(patient.put('v1/a', bytes('a'))).rejects.toMatchObject({
      code: 'store.unavailable',
    })
    await patient.put('v1/a', bytes('a'))
    expect(stub.count('put')).toBe(5)
  })

  test('a server that is not there is named, with the settings that lead to it', async () => {
    const { port } = stub
    await stub.close()
    const refused = {
      code: 'store.unavailable',
      message: expect.stringMatching(`127.0.0.1:${port}.*ECONNREFUSED`),
    }
    await expect(store.check()).rejects.toMatchObject(refused)
    // Nothing was sent: a conditional write has a definite end, too.
    await expect(store.putIfAbsent('v1/a', bytes('a'))).rejects.toMatchObject(refused)
    stub = await startS3Stub({ buckets: ['sessions'] })
  })

  test('a full store is named', async () => {
    stub.faults.inject({ fault: { kind: 'status', status: 507, code: 'XMinioStorageFull' } })
    await expect(store.put('v1/a', bytes('a'))).rejects.toMatchObject({ code: 'store.full' })
  })
})

describe('a conditional write is sent once', () => {
  const faults = [
    ['503', { kind: 'status', status: 503 }, undefined],
    ['500', { kind: 'status', status: 500 }, undefined],
    [
      '409 of a lost race',
      { kind: 'status', status: 409, code: 'ConditionalRequestConflict' },
      undefined,
    ],
    ['a cut connection', { kind: 'reset' }, undefined],
    ['a lost answer', { kind: 'reset', apply: true }, 'new'],
    ['silence', { kind: 'hang' }, undefined],
    ['silence after it was done', { kind: 'hang', apply: true }, 'new'],
  ] as const

  test.each(faults)('create: %s leaves the outcome unknown', async (_, fault, left) => {
    stub.faults.inject({ on: 'put', times: 1, fault })
    await expect(store.putIfAbsent('v1/a', bytes('new'))).rejects.toEqual(unknown)
    expect(stub.count('put')).toBe(1)
    expect(stub.objects('sessions').get('v1/a')?.bytes.toString()).toBe(left)
    // Repeating the identical write makes it definite.
    expect((await store.putIfAbsent('v1/a', bytes('new'))).kind).toBe(left ? 'conflict' : 'stored')
  })

  test.each(faults)('swap: %s leaves the outcome unknown', async (_, fault, left) => {
    const { etag } = await store.put('v1/a', bytes('old'))
    stub.faults.inject({ on: 'put', times: 1, fault })
    await expect(store.compareAndSwap('v1/a', bytes('new'), etag)).rejects.toEqual(unknown)
    expect(stub.count('put')).toBe(2)
    expect(stub.objects('sessions').get('v1/a')?.bytes.toString()).toBe(left ?? 'old')
  })

  test('a server that comes late gets it, since the first try never reached one', async () => {
    const patient = open({ attempts: 1000, baseDelayMs: 1 })
    const { port } = stub
    await stub.close()
    const write = patient.putIfAbsent('v1/a', bytes('a'))
    stub = await startS3Stub({ buckets: ['sessions'], port })
    // The new stub has the same credentials and an empty bucket.
    expect(await write).toMatchObject({ kind: 'stored' })
    expect(stub.count('put')).toBe(1)
  })
})

describe('giving up', () => {
  test.each(['hang', 'stall'] as const)('ends a call in the middle of: %s', async (kind) => {
    const patient = open({ idleTimeoutMs: 60_000, totalTimeoutMs: 60_000 })
    await patient.put('v1/a', new Uint8Array(100_000))
    stub.faults.inject({ on: 'get', times: 1, fault: { kind } })
    const controller = new AbortController()
    const reason = new Error('given up')
    const call = patient.get('v1/a', { signal: controller.signal })
    await expect.poll(() => stub.count('get')).toBe(1)
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(await patient.get('v1/a')).toBeDefined()
  })

  test('ends the wait before another try', async () => {
    const slow = open({ baseDelayMs: 60_000 })
    stub.faults.inject({ fault: { kind: 'status', status: 503 } })
    const controller = new AbortController()
    const reason = new Error('given up')
    const call = slow.get('v1/a', { signal: controller.signal })
    await expect.poll(() => stub.count('get')).toBe(1)
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })
})

describe('the probe of conditional writes', () => {
  test('tells what a store that ignores conditions does not honour', async () => {
    const lax: ObjectStore = {
      ...adapt(store),
      putIfAbsent: async (name, body) => ({ kind: 'stored', ...(await store.put(name, body)) }),
    }
    await expect(probeConditionalWrites(lax)).rejects.toMatchObject({
      code: 'store.no-conditional-writes',
      message: expect.stringContaining('overwrote an existing object'),
      hint: expect.stringContaining('MinIO'),
    })
    const blind: ObjectStore = {
      ...adapt(store),
      compareAndSwap: async (name, body) => ({ kind: 'stored', ...(await store.put(name, body)) }),
    }
    await expect(probeConditionalWrites(blind)).rejects.toMatchObject({
      code: 'store.no-conditional-writes',
      message: expect.stringContaining('stale etag'),
    })
    const stern: ObjectStore = {
      ...adapt(store),
      compareAndSwap: async () => ({ kind: 'conflict' }),
    }
    await expect(probeConditionalWrites(stern)).rejects.toMatchObject({
      message: expect.stringContaining('refused to replace'),
    })
    expect(stub.objects('sessions').size).toBe(0)
  })

  test('begins again where an outcome was unknown', async () => {
    stub.faults.inject({ on: 'put', times: 2, fault: { kind: 'reset', apply: true } })
    await probeConditionalWrites(store)
    expect(stub.objects('sessions').size).toBe(0)
  })

  test('says that the credentials are wrong, not that the conditions are', async () => {
    stub.faults.inject({ on: 'put', fault: { kind: 'status', status: 403, code: 'AccessDenied' } })
    await expect(probeConditionalWrites(store)).rejects.toMatchObject({ code: 'store.denied' })
  })
})

function adapt(inner: ObjectStore): ObjectStore {
  return {
    label: inner.label,
    offHost: inner.offHost,
    get: (name, options) => inner.get(name, options),
    put: (name, body, options) => inner.put(name, body, options),
    putIfAbsent: (name, body, options) => inner.putIfAbsent(name, body, options),
    compareAndSwap: (name, body, etag, options) => inner.compareAndSwap(name, body, etag, options),
    remove: (name, options) => inner.remove(name, options),
    list: (prefix, options) => inner.list(prefix, options),
    listParts: (prefix, options) => inner.listParts(prefix, options),
    check: (options) => inner.check(options),
    close: () => inner.close(),
  }
}
