import { expect, test } from 'vitest'
import { listQuery, parseListPage } from '../../../src/store/s3-list.ts'

test('reads names as text, whatever they look like, and opaque tokens', () => {
  const page = parseListPage(`<?xml version="1.0"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
      <IsTruncated>true</IsTruncated>
      <NextContinuationToken>1a&amp;b+&#x3d;&#61;</NextContinuationToken>
      <Contents><Key>00012</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><Size>7</Size><ETag>&quot;e7&quot;</ETag></Contents>
      <Contents>
        <Key>a+b</Key><LastModified>2026-01-02T03:04:05.678Z</LastModified><Size>0</Size>
        <Owner><ID>x</ID></Owner>
      </Contents>
      <CommonPrefixes><Prefix>1e5/</Prefix></CommonPrefixes>
    </ListBucketResult>`)
  const modified = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  expect(page).toEqual({
    objects: [
      { name: '00012', etag: '"e7"', size: 7, modified },
      { name: 'a+b', etag: '', size: 0, modified },
    ],
    prefixes: ['1e5/'],
    next: '1a&b+==',
  })
})

test('a last page has no next one, and a foreign document is no page', () => {
  const last = '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>'
  expect(parseListPage(last)).toEqual({ objects: [], prefixes: [], next: undefined })
  expect(() => parseListPage('<html>proxy</html>')).toThrow('not a list')
})

test('the query is escaped and in the order in which it is signed', () => {
  expect(listQuery({ prefix: 'v1/a+b', delimiter: '/', continuation: 'x&/=' })).toBe(
    'continuation-token=x%26%2F%3D&delimiter=%2F&list-type=2&max-keys=1000&prefix=v1%2Fa%2Bb',
  )
})
