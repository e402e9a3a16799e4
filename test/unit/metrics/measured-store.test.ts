import { expect, test } from 'vitest'
import { measuredStore, type StoreRequest } from '../../../src/metrics/measured-store.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { collect } from '../../support/collect.ts'
import { failure } from '../../support/failure.ts'
import { MemoryStore } from '../../support/memory-store.ts'

function measured() {
  const memory = new MemoryStore()
  const requests: StoreRequest[] = []
  const store = measuredStore(memory, (request) => requests.push(request))
  const outcomes = () => requests.map(({ operation, outcome }) => `${operation} ${outcome}`)
  return { memory, store, requests, outcomes }
}

const bytes = new Uint8Array([1])

test('each request is told of with its outcome, and changes nothing', async () => {
  const { store, outcomes, requests } = measured()
  expect(await store.get('v1/a')).toBeUndefined()
  const { etag } = await store.put('v1/a', bytes)
  expect((await store.get('v1/a'))?.bytes).toEqual(bytes)
  expect((await store.putIfAbsent('v1/a', bytes)).kind).toBe('conflict')
  expect((await store.compareAndSwap('v1/a', bytes, etag)).kind).toBe('stored')
  expect(await collect(store.list('v1/'))).toHaveLength(1)
  expect(await collect(store.listParts('v1/'))).toEqual(['a'])
  await store.remove('v1/a')
  await store.check()
  expect(outcomes()).toEqual([
    'get absent',
    'put ok',
    'get ok',
    'put_if_absent conflict',
    'compare_and_swap ok',
    'list ok',
    'list ok',
    'remove ok',
    'check ok',
  ])
  expect(requests.filter(({ name }) => name === 'v1/a')).toHaveLength(6)
})

test('what fails is thrown on and counted under its code', async () => {
  const { store, memory, outcomes } = measured()
  const away = new GatewayError({ code: 'store.unavailable', message: 'away' })
  memory.onRead = () => Promise.reject(away)
  expect(await failure(store.get('v1/a'))).toBe(away)
  const reason = new Error('given up')
  expect(await failure(store.get('v1/a', { signal: AbortSignal.abort(reason) }))).toBe(reason)
  memory.onRead = () => Promise.reject(new TypeError('a bug'))
  await failure(store.get('v1/a'))
  expect(outcomes()).toEqual(['get unavailable', 'get aborted', 'get internal'])
})
