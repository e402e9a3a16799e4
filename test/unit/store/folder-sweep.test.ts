import { expect, test } from 'vitest'
import { PROCESS_TOKEN } from '../../../src/store/folder-object.ts'
import { isAbandoned } from '../../../src/store/folder-sweep.ts'

const MINUTE = 60_000
const mine = `${process.pid}-${PROCESS_TOKEN}-1.new`
const minesBefore = `${process.pid}-00000000-1.new`
const others = '77-00000000-1.new'

test.each([
  { entry: others, age: 9 * MINUTE, alive: false, abandoned: false, why: 'young' },
  { entry: others, age: 11 * MINUTE, alive: false, abandoned: true, why: 'old and dead' },
  { entry: others, age: 11 * MINUTE, alive: true, abandoned: false, why: 'alive' },
  { entry: others, age: 25 * 60 * MINUTE, alive: true, abandoned: true, why: 'a day old' },
  { entry: mine, age: 11 * MINUTE, alive: true, abandoned: false, why: 'of this process' },
  {
    entry: minesBefore,
    age: 11 * MINUTE,
    alive: true,
    abandoned: true,
    why: 'of an earlier process with this number, as in a container',
  },
  { entry: 'stranger', age: 11 * MINUTE, alive: false, abandoned: true, why: 'unreadable' },
])('work that is $why: abandoned $abandoned', ({ entry, age, alive, abandoned }) => {
  expect(isAbandoned(entry, age, () => alive)).toBe(abandoned)
})
