import { Curve } from '@whiskeysockets/baileys'
import { expect, test } from 'vitest'
import type { Entry } from '../../../src/authstate/port.ts'
import { judge } from '../../../src/transfer/judge-found.ts'
import { readStateFile, stateOfFiles } from '../../../src/transfer/multi-file.ts'
import type { Found } from '../../../src/transfer/source.ts'
import { entry, filesOf, linkedState } from './states.ts'

const found = (entries: Entry[], damaged: string[] = []) =>
  judge({ kind: 'state', entries, damaged, notes: [] }, false)

test('a whole state is taken as it is', () => {
  const entries = linkedState()
  expect(found(entries)).toEqual({ kind: 'take', entries, notes: [] })
})

test.each([
  ['noiseKey', { noiseKey: undefined }, 'creds.json lacks noiseKey'],
  ['me', { me: undefined }, 'creds.json lacks me'],
  ['halves', { noiseKey: halves() }, 'the halves of noiseKey in creds.json do not belong together'],
])('creds without their %s are damage that nothing overrides', (_, change, detail) => {
  const state = { kind: 'state', entries: linkedState(change as never), damaged: [], notes: [] }
  for (const despite of [false, true])
    expect(judge(state as never, despite)).toMatchObject({ kind: 'skip', why: 'damaged', detail })
})

test('creds that no phone linked are not moved', () => {
  const entries = linkedState({ account: undefined } as never)
  expect(found(entries)).toMatchObject({ kind: 'skip', why: 'unpaired' })
})

test('creds older than the keys are refused: ids of live pre-keys would be given out again', () => {
  const entries = linkedState({ nextPreKeyId: 4, firstUnuploadedPreKeyId: 4 })
  expect(found(entries)).toMatchObject({
    why: 'damaged',
    detail: expect.stringContaining('there is pre-key 5') as string,
  })
})

test('what Baileys makes again by itself is a note', () => {
  const entries = linkedState({ myAppStateKeyId: 'gone' }).filter(({ id }) => id !== '5')
  expect(found(entries)).toMatchObject({
    kind: 'take',
    notes: [
      expect.stringContaining('1 pre-keys that were not uploaded') as string,
      expect.stringContaining('app state key is missing') as string,
    ],
  })
})

test('damaged files are named, and left out only where somebody says so', () => {
  const entries = linkedState()
  const damaged = ['pre-key-9.json is cut off']
  const state: Found = { kind: 'state', entries, damaged, notes: [] }
  expect(judge(state, false)).toMatchObject({
    why: 'damaged',
    detail: 'pre-key-9.json is cut off',
    todo: expect.stringContaining('--despite-damage') as string,
  })
  expect(judge(state, true)).toEqual({
    kind: 'take',
    entries,
    notes: ['despite pre-key-9.json is cut off'],
  })
})

test('a source that changes is left alone', () => {
  expect(judge({ kind: 'changed', what: 'creds.json' }, true)).toMatchObject({
    why: 'changing',
    detail: 'creds.json changed while it was read',
    todo: expect.stringContaining('stop the gateway') as string,
  })
})

test.each([
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 5), 'is cut off'],
  ['empty', () => Buffer.alloc(0), 'is empty'],
  ['zeroed', (bytes: Buffer) => Buffer.alloc(bytes.length), 'holds nothing but zeros'],
  [
    'followed by an older tail',
    (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('"}')]),
    'is no JSON',
  ],
  ['overwritten', () => Buffer.from([0xff, 0xfe, 1]), 'is no text'],
])('a file that is %s is damage, in words without its content', (_, change, words) => {
  for (const name of ['session-4477001.0.json', 'creds.json']) {
    const files = filesOf(linkedState())
    files.set(name, change(files.get(name) ?? Buffer.alloc(0)))
    const state = stateOfFiles(Array.from(files, ([name, bytes]) => readStateFile({ name, bytes })))
    expect(state.damaged).toEqual([`${name} ${words}`])
  }
})

test('files read back as the very entries, but for those without a name of their own', () => {
  const entries = linkedState()
  const files = filesOf([...entries, entry('session', '4477-1.0', { a: 1 })])
  files.set('store.json', Buffer.from('{'))
  const state = stateOfFiles(Array.from(files, ([name, bytes]) => readStateFile({ name, bytes })))
  expect(state.entries).toEqual(entries)
  expect(state).toMatchObject({
    damaged: [],
    nameless: ['session-4477-1.0.json'],
  })
})

test('keys without creds say what is missing', () => {
  const files = filesOf(linkedState())
  files.delete('creds.json')
  const state = stateOfFiles(Array.from(files, ([name, bytes]) => readStateFile({ name, bytes })))
  expect(state.damaged).toEqual(['creds.json is missing'])
})

function halves() {
  return { public: Curve.generateKeyPair().public, private: Curve.generateKeyPair().private }
}
