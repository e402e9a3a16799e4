import { expect, test } from 'vitest'
import { GatewayError } from '../../../src/session/errors.ts'
import type { Admission } from '../../../src/session/moving-in.ts'
import { importAll, type ImportOptions } from '../../../src/transfer/import-all.ts'
import type { Found, Source } from '../../../src/transfer/source.ts'
import { linkedState } from './states.ts'

const whole = (): Found => ({ kind: 'state', entries: linkedState(), damaged: [], notes: [] })

function sourceOf(ids: readonly string[], read: () => Found = whole): Source {
  return {
    label: 'here',
    async *sessions() {
      for (const id of ids) yield { id, place: `/old/${id}`, read: async () => read() }
    },
  }
}

const IMPORTED: Admission = { outcome: 'imported', epoch: 1, seq: 1, keys: 9 }

async function run(
  source: Source,
  admit: (session: string) => Promise<Admission> = async () => IMPORTED,
  options: Partial<ImportOptions> = {},
) {
  const asked: string[] = []
  const { signal = new AbortController().signal, ...rest } = options
  const results = await importAll(
    source,
    async (session) => {
      asked.push(session)
      return admit(session)
    },
    () => undefined,
    { signal, ...rest },
  )
  return { asked, results }
}

test('names: as they are, behind a prefix, or another for the one', async () => {
  expect((await run(sourceOf(['a', 'b']))).asked).toEqual(['a', 'b'])
  expect((await run(sourceOf(['a']), undefined, { prefix: 'old-' })).asked).toEqual(['old-a'])
  expect((await run(sourceOf(['a']), undefined, { as: 'anna' })).asked).toEqual(['anna'])
  await expect(run(sourceOf(['a', 'b']), undefined, { as: 'anna' })).rejects.toMatchObject({
    code: 'usage',
  })
})

test('the name within a portable file counts, and two of one name are not both taken', async () => {
  const inside = (): Found => ({ ...whole(), session: 'anna' }) as Found
  const { asked, results } = await run(sourceOf(['one', 'two'], inside))
  expect(asked).toEqual(['anna'])
  expect(results.map(({ outcome, why }) => [outcome, why])).toEqual([
    ['skipped', 'duplicate'],
    ['imported', undefined],
  ])
})

test('a failure of one session is told, and the others go on', async () => {
  const admit = async (session: string): Promise<Admission> => {
    if (session === 'b')
      throw new GatewayError({ code: 'state.corrupt', message: 'damaged', hint: 'wait' })
    return IMPORTED
  }
  const { results } = await run(sourceOf(['a', 'b', 'c']), admit)
  const outcomes = new Map(results.map(({ session, outcome }) => [session, outcome]))
  expect(Object.fromEntries(outcomes)).toEqual({ a: 'imported', b: 'failed', c: 'imported' })
})

test.each(['daemon.unreachable', 'store.unavailable'] as const)(
  'what every session would meet ends it: %s',
  async (code) => {
    const ids = Array.from({ length: 50 }, (_, n) => `s${n}`)
    let calls = 0
    const admit = async (): Promise<Admission> => {
      calls++
      throw new GatewayError({ code, message: 'gone' })
    }
    await expect(run(sourceOf(ids), admit)).rejects.toMatchObject({ code })
    expect(calls).toBeLessThan(ids.length)
  },
)

test('Ctrl-C ends it with its reason', async () => {
  const stop = new AbortController()
  const reason = new GatewayError({ code: 'interrupted', message: 'interrupted' })
  const admit = async (): Promise<Admission> => {
    stop.abort(reason)
    return IMPORTED
  }
  const ids = Array.from({ length: 50 }, (_, n) => `s${n}`)
  await expect(run(sourceOf(ids), admit, { signal: stop.signal })).rejects.toBe(reason)
})

test('no more than a few sessions are in memory', async () => {
  let inside = 0
  let most = 0
  const admit = async (): Promise<Admission> => {
    most = Math.max(most, ++inside)
    await new Promise((resolve) => setImmediate(resolve))
    inside--
    return IMPORTED
  }
  const ids = Array.from({ length: 40 }, (_, n) => `s${n}`)
  expect((await run(sourceOf(ids), admit)).results).toHaveLength(40)
  expect(most).toBeLessThanOrEqual(4)
})
