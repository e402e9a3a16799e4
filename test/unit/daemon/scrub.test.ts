import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Scrub } from '../../../src/daemon/scrub.ts'

const DAY = 24 * 3_600_000

test('every open session is looked at once a day, one at a time, and damage stops nothing', () => {
  const looks: string[] = []
  const runner = (sessionId: string) => ({
    handle: {
      sessionId,
      verify: () => {
        looks.push(sessionId)
        if (sessionId === 'rotten') throw new Error('a value fails its checksum')
      },
    },
  })
  const runners = [runner('anna'), { handle: undefined }, runner('rotten'), runner('ben')]
  let time = 0
  let quiet = false
  const lines: string[] = []
  const scrub = new Scrub({
    roster: { all: () => runners },
    logger: pino({ level: 'error' }, { write: (line: string) => lines.push(line) }),
    quiet: () => quiet,
    now: () => time,
  })
  scrub.look()
  expect(looks).toEqual([])
  quiet = true
  for (let turn = 0; turn < 6; turn++) scrub.look()
  expect(looks).toEqual(['anna', 'rotten', 'ben'])
  expect(lines).toHaveLength(1)
  time = DAY - 1
  scrub.look()
  expect(looks).toHaveLength(3)
  time = DAY
  scrub.look()
  expect(looks).toEqual(['anna', 'rotten', 'ben', 'anna'])
  // Opened anew, it may have been restored.
  runners[0] = runner('anna')
  scrub.look()
  expect(looks.at(-1)).toBe('anna')
})
