import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isOwnType, MEMO_TYPE } from '../../../src/session/own-type.ts'
import { MemoRing } from '../../../src/whatsapp/hooks/memo-ring.ts'
import { countingKeys } from '../../../src/whatsapp/hooks/self-test-keys.ts'

const bytes = (text: string) => Buffer.from(text)

/** A ring over a key store that outlives it. */
function openRing(limits = { slots: 4, bytes: 1_000 }) {
  const keys = countingKeys()
  const open = () => {
    const ring = new MemoRing(keys, limits)
    return {
      ring,
      find: async (digest: string) => {
        const found = await ring.find(digest)
        return found === undefined ? undefined : Buffer.from(found).toString()
      },
      remember: async (digest: string, text: string) => {
        await ring.find(digest)
        await keys.set({ [MEMO_TYPE]: ring.remember({ [digest]: bytes(text) }) } as never)
      },
    }
  }
  const stored = async () => {
    const ids = ['window', ...Array.from({ length: limits.slots }, (_, n) => String(n))]
    return Object.keys(await keys.get(MEMO_TYPE as never, ids))
  }
  return { open, stored }
}

describe('the ring', () => {
  test('remembers across a restart', async () => {
    const { open } = openRing()
    await open().remember('a', 'hello')
    expect(await open().find('a')).toBe('hello')
    expect(await open().find('b')).toBeUndefined()
  })

  test('the slot of a message whose receipt arrived is deleted by the next change', async () => {
    const { open, stored } = openRing()
    const one = open()
    await one.remember('a', 'hello')
    one.ring.free('a')
    expect(await stored()).toContain('0')
    expect(await one.find('a')).toBe('hello')
    await one.remember('b', 'next')
    expect((await stored()).toSorted()).toEqual(['1', 'window'])
    expect(await open().find('a')).toBeUndefined()
    expect(await open().find('b')).toBe('next')
  })

  test('when it is full the oldest goes', async () => {
    const { open, stored } = openRing()
    const one = open()
    for (let n = 0; n < 6; n++) await one.remember(`m${n}`, `text ${n}`)
    const other = open()
    expect(await Promise.all([0, 1, 2, 3, 4, 5].map((n) => other.find(`m${n}`)))).toEqual([
      undefined,
      undefined,
      'text 2',
      'text 3',
      'text 4',
      'text 5',
    ])
    expect(await stored()).toHaveLength(5)
  })

  test('bytes count: a huge message is kept, those before it go', async () => {
    const { open } = openRing({ slots: 8, bytes: 100 })
    const one = open()
    await one.remember('a', 'x'.repeat(60))
    await one.remember('b', 'y'.repeat(30))
    await one.remember('huge', 'z'.repeat(500))
    const other = open()
    expect(await other.find('a')).toBeUndefined()
    expect(await other.find('b')).toBeUndefined()
    expect(await other.find('huge')).toHaveLength(500)
    await other.remember('c', 'small')
    expect(await other.find('huge')).toBeUndefined()
    expect(await other.find('c')).toBe('small')
  })

  test('holds what a list of the newest would, whatever happens in between', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('remember' as const) }),
      fc.record({ do: fc.constant('free' as const), nth: fc.nat(5) }),
      fc.record({ do: fc.constant('restart' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { open } = openRing({ slots: 4, bytes: 10_000 })
        let one = open()
        let model: { digest: string; freed: boolean }[] = []
        let count = 0
        for (const each of steps) {
          if (each.do === 'restart') {
            one = open()
            model = model.map(({ digest }) => ({ digest, freed: false }))
          } else if (each.do === 'free') {
            const chosen = model[each.nth]
            // Only a message that this process has met is freed.
            if (chosen === undefined || (await one.find(chosen.digest)) === undefined) continue
            one.ring.free(chosen.digest)
            chosen.freed = true
          } else {
            const digest = `m${count++}`
            await one.remember(digest, digest)
            model = model.filter(({ freed }) => !freed)
            model.push({ digest, freed: false })
            // Slots go by number, so that gaps count as well.
            model = model.filter((entry) => Number(entry.digest.slice(1)) > count - 1 - 4)
          }
        }
        for (let n = 0; n < count; n++) {
          const expected = model.some(({ digest }) => digest === `m${n}`) ? `m${n}` : undefined
          expect(await one.find(`m${n}`)).toBe(expected)
        }
      }),
      { numRuns: 200 },
    )
  })
})

test("the gateway's own entries are told from Baileys' keys", () => {
  expect(isOwnType(MEMO_TYPE)).toBe(true)
  for (const type of ['creds', 'session', 'pre-key', 'app-state-sync-key']) {
    expect(isOwnType(type)).toBe(false)
  }
})
