import { expect, test } from 'vitest'
import type { ObjectStore } from '../../src/store/port.ts'
import { collect } from '../support/collect.ts'
import { bytes, read } from './object-store-text.ts'

/** What was stored is what comes back, until it is removed. */
export function testValues(current: () => ObjectStore): void {
  test('gives back what was put, and the newest of it', async () => {
    const first = await current().put('v1/plain', bytes('one'))
    expect(await current().get('v1/plain')).toEqual({ bytes: bytes('one'), etag: first.etag })
    const second = await current().put('v1/plain', bytes('two'))
    expect(second.etag).not.toBe(first.etag)
    expect(await current().get('v1/plain')).toEqual({ bytes: bytes('two'), etag: second.etag })
  })

  test('has nothing under a name that was never written', async () => {
    expect(await current().get('v1/never')).toBeUndefined()
    expect(await current().get('v1/plain/below')).toBeUndefined()
  })

  test('holds an object and others below its name', async () => {
    await current().put('v1/both', bytes('itself'))
    await current().put('v1/both/below', bytes('below'))
    expect([await read(current(), 'v1/both'), await read(current(), 'v1/both/below')]).toEqual([
      'itself',
      'below',
    ])
  })

  test.each([0, 1, 2048, 5 * 1024 * 1024])('holds %i bytes', async (size) => {
    const body = new Uint8Array(size).map((_, index) => (index * 31) % 251)
    const { etag } = await current().put(`v1/size/${size}`, body)
    const object = await current().get(`v1/size/${size}`)
    expect(object?.etag).toBe(etag)
    expect(Buffer.compare(object?.bytes ?? Buffer.from('none'), body)).toBe(0)
  })

  test('takes bytes that are part of a larger buffer', async () => {
    await current().put('v1/view', Buffer.from('xxpartxx').subarray(2, 6))
    expect(await read(current(), 'v1/view')).toBe('part')
  })

  test('removing succeeds once, twice, and where nothing ever was', async () => {
    await current().put('v1/gone/soon', bytes('x'))
    await current().remove('v1/gone/soon')
    expect(await current().get('v1/gone/soon')).toBeUndefined()
    await current().remove('v1/gone/soon')
    await current().remove('v1/gone/never')
    expect(await collect(current().listParts('v1/gone/'))).toEqual([])
  })

  test('after removal and re-creation an old etag matches nothing', async () => {
    const old = await current().put('v1/again', bytes('before'))
    await current().remove('v1/again')
    expect(await current().compareAndSwap('v1/again', bytes('x'), old.etag)).toEqual({
      kind: 'conflict',
    })
    expect(await current().get('v1/again')).toBeUndefined()
    const renewed = await current().putIfAbsent('v1/again', bytes('after'))
    expect(renewed).toMatchObject({ kind: 'stored' })
    expect(renewed).not.toMatchObject({ etag: old.etag })
    expect(await current().compareAndSwap('v1/again', bytes('x'), old.etag)).toEqual({
      kind: 'conflict',
    })
    expect(await read(current(), 'v1/again')).toBe('after')
  })
}
