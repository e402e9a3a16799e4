import { afterEach, expect, test } from 'vitest'
import { Bench } from '../../support/dashboard.ts'
import { session } from '../../support/fake-methods.ts'

const benches: Bench[] = []

afterEach(() => {
  for (const bench of benches.splice(0)) bench.dashboard.stop()
})

function bench(more: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const made = new Bench(more)
  benches.push(made)
  made.dashboard.listed([
    session('anna', { phone: '491701' }),
    session('ben', { state: 'failed', cause: 'damaged' }),
    session('carl', { state: 'needs-pairing', cause: 'logged-out' }),
  ])
  made.press('g')
  return made
}

test.each<[string, string[], unknown]>([
  ['the one under the cursor', ['r', 'y'], { type: 'run', action: 'recover', ids: ['ben'] }],
  ['another one', ['j', 'p', 'enter'], { type: 'run', action: 'preserve', ids: ['carl'] }],
  ['the marked', [' ', ' ', 'b', 'y'], { type: 'run', action: 'backup', ids: ['ben', 'carl'] }],
  [
    'what the filter leaves',
    ['/', 'a', 'n', 'n', 'enter', 'a', 'r', 'y'],
    { type: 'run', action: 'recover', ids: ['anna'] },
  ],
  [
    'the one that is open',
    ['j', 'enter', 'r', 'y'],
    { type: 'run', action: 'recover', ids: ['carl'] },
  ],
])('an action is for %s', (_, keys, effect) => {
  const one = bench()
  one.press(...keys)
  expect(one.effects.at(-1)).toEqual(effect)
})

test.each(['n', 'N', 'escape', 'q'])('%s takes an action back', (no) => {
  const one = bench()
  one.press(' ', 'r', no)
  expect(one.effects.filter(({ type }) => type === 'run')).toEqual([])
  one.press('p', 'y')
  expect(one.effects.at(-1)).toEqual({ type: 'run', action: 'preserve', ids: ['ben'] })
})

test('what is asked is what was on the screen, whatever came meanwhile', () => {
  const one = bench()
  one.dashboard.told({ type: 'session', view: session('zoe', { state: 'failed', since: 0 }) })
  one.press('r')
  expect(one.screen).toMatch(/Bring ben back online\?/)
})

test('nothing changes anything with readonly', () => {
  const one = bench({ readonly: true })
  for (const key of ['r', 'p', 'b', 'Q', 'y']) one.press(key)
  one.press('enter')
  for (const key of ['r', 'p', 'b', 'Q', 'y']) one.press(key)
  expect(new Set(one.effects.map(({ type }) => type))).toEqual(new Set(['say', 'show']))
})

test('no key goes back in time, unlinks or deletes', () => {
  const one = bench()
  const keys = Array.from({ length: 95 }, (_, n) => String.fromCodePoint(32 + n))
  for (const key of keys) {
    one.press(key, 'y', 'escape', 'escape', 'escape')
  }
  const done = one.effects.flatMap((effect) => (effect.type === 'run' ? [effect.action] : []))
  expect(new Set(done)).toEqual(new Set(['recover', 'preserve', 'backup']))
})

test('escape takes back one thing at a time: the filter, the marks, the view', () => {
  const one = bench()
  one.press(' ', '/', 'e', 'enter', '2')
  expect(one.dashboard.ui).toMatchObject({ view: 'recovery', filter: 'e' })
  one.press('escape')
  expect(one.dashboard.ui).toMatchObject({ view: 'recovery', filter: '' })
  expect(one.dashboard.ui.marks.size).toBe(1)
  one.press('escape')
  expect(one.dashboard.ui.marks.size).toBe(0)
  one.press('escape')
  expect(one.dashboard.ui.view).toBe('sessions')
})

test('a pairing shows a QR code where it fits, else asks for the phone', () => {
  const small = bench()
  small.press('j', 'j', 'Q')
  expect(small.screen).toMatch(/no room for a QR code[^]*\+491701/)
  small.press('7', 'x', 'enter')
  expect(small.effects.at(-1)).toEqual({ type: 'pair', id: 'anna', phone: '4917017' })
  small.press('escape')
  expect(small.effects.at(-1)).toEqual({ type: 'unpair' })

  const large = bench({ size: { columns: 100, rows: 50 } })
  large.press('Q')
  expect(large.effects.at(-1)).toEqual({ type: 'pair', id: 'ben' })
})

test.each([
  ['q', 'q', 'asked'],
  ['Ctrl-C', 'ctrl-c', 'interrupted'],
])('%s leaves', (_, key, how) => {
  const one = bench()
  one.press(key)
  expect(one.effects).toEqual([{ type: 'quit', how }])
})

test('Ctrl-C leaves from everywhere', () => {
  for (const keys of [['?'], ['enter'], ['r'], ['Q'], ['/', 'x']]) {
    const one = bench()
    one.press(...keys, 'ctrl-c')
    expect(one.effects.at(-1)).toEqual({ type: 'quit', how: 'interrupted' })
  }
})
