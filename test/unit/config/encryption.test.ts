import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { readEncryptionKeys } from '../../../src/config/encryption-keys.ts'
import { load, refused } from './fixture.ts'

const S3 = { MINIO_ENDPOINT: 'minio', MINIO_ACCESS_KEY: 'a', MINIO_SECRET_KEY: 'b' }
const SETTING = 'WA_GATEWAY_ENCRYPTION_KEY'
const key = randomBytes(32)

const keysOf = (text: string) => {
  const read = readEncryptionKeys(text)
  return read.ok ? read.keys.map((each) => Buffer.from(each).toString('hex')) : read.problem
}

test('a key is 64 hexadecimal digits or base64, and several stand in a row', () => {
  const other = randomBytes(32)
  const hex = key.toString('hex')
  for (const text of [
    hex,
    hex.toUpperCase(),
    key.toString('base64'),
    key.toString('base64url'),
    `\n ${hex}\r\n`,
  ])
    expect(keysOf(text), text).toEqual([hex])
  const both = [hex, other.toString('hex')]
  for (const between of [',', ', ', '\n', '\r\n', ',\n'])
    expect(keysOf(`${hex}${between}${other.toString('base64')}`)).toEqual(both)
})

test('what is wrong with a key is told without it', () => {
  const hex = key.toString('hex')
  const wrong: [string, string][] = [
    [hex.slice(1), 'the key (63 characters) is not 32 bytes'],
    [`${hex},${hex.slice(2)}`, 'key 2 of 2 (62 characters) is not 32 bytes'],
    [key.toString('base64').slice(4), '(40 characters)'],
    [`g${hex.slice(1)}`, '(64 characters) is not'],
    [`${hex},${key.toString('base64')}`, 'key 2 of 2 is there twice'],
    ['00'.repeat(32), 'is not random'],
    [' , ', 'holds no key'],
  ]
  for (const [text, words] of wrong) {
    const { problems, message } = refused({ [SETTING]: text })
    expect(problems.map(({ setting }) => setting)).toEqual([SETTING])
    expect(message).toContain(words)
    for (const part of [hex.slice(2), key.toString('base64').slice(4, 40)])
      expect(message).not.toContain(part)
  }
})

test('no text that is not a key is shown, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 20 }), (text) => {
      const read = readEncryptionKeys(text)
      expect(read.ok ? '' : read.problem).not.toContain(text)
    }),
  )
})

test('s3 needs a key, and the refusal says how to make one', () => {
  const { problems } = refused(S3)
  expect(problems).toEqual([
    { setting: SETTING, message: expect.stringContaining('openssl rand -base64 32') },
  ])
  expect(problems[0]?.message).toContain('WA_GATEWAY_ALLOW_PLAINTEXT=true')
  expect(problems[0]?.message).toContain('MINIO_ENDPOINT (environment MINIO_ENDPOINT)')
})

test('s3 with a key or with leave is fine, and a folder is without either', () => {
  const { encryption } = load({ ...S3, [SETTING]: key.toString('hex') }).config
  expect(encryption.key?.reveal()).toBe(key.toString('hex'))
  expect(encryption.allowPlaintext).toBe(false)
  expect(load({ ...S3, WA_GATEWAY_ALLOW_PLAINTEXT: 'yes' }).config.encryption.key).toBeUndefined()
  expect(load({}).config.encryption).toEqual({ key: undefined, allowPlaintext: false })
  expect(load({ [SETTING]: key.toString('base64') }).warnings).toEqual([])
})

test('reading plain objects beside a key is warned of', () => {
  const env = { [SETTING]: key.toString('hex'), WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }
  expect(load(env).warnings).toEqual([expect.stringContaining('WA_GATEWAY_ALLOW_PLAINTEXT')])
})

test('keys come from a file or a credential too, a line each', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wa-keys-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const file = join(dir, SETTING)
  const text = `${key.toString('base64')}\n${randomBytes(32).toString('hex')}\n`
  writeFileSync(file, text, { mode: 0o600 })
  for (const env of [{ [`${SETTING}_FILE`]: file }, { CREDENTIALS_DIRECTORY: dir }]) {
    const loaded = load(env)
    expect(loaded.config.encryption.key?.reveal()).toBe(text.trimEnd())
    expect(JSON.stringify([loaded.config, loaded.describe()])).not.toContain(
      key.toString('base64').slice(4, 40),
    )
  }
})
