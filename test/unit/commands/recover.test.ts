import { expect, test } from 'vitest'
import { renderPlans } from '../../../commands/render/plan.ts'
import { begin, renderBar, renderLine } from '../../../commands/render/progress.ts'
import { seen } from '../../../commands/render/recovery-progress.ts'
import { parseFilter } from '../../../commands/shared/filter.ts'
import type { Event, Result } from '../../../src/control/api.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'

type View = Result<'session.list'>['sessions'][number]

const view = (id: string, state: View['state'], cause?: View['cause']): View => ({
  id,
  state,
  ...(cause && { cause }),
  since: 0,
  messagesIn: 0,
  messagesOut: 0,
})

const VIEWS = [
  view('shop-1', 'online'),
  view('shop-2', 'failed', 'damaged'),
  view('bar', 'failed', 'timeout'),
  view('cafe', 'conflict', 'replaced'),
]

test.each<[string[], string[]]>([
  [['state=failed'], ['shop-2', 'bar']],
  [['state=failed,conflict'], ['shop-2', 'bar', 'cafe']],
  [['cause=replaced'], ['cafe']],
  [['id=shop-*'], ['shop-1', 'shop-2']],
  [['id=shop'], []],
  [['id=shop-*', 'state=failed'], ['shop-2']],
])('the filter %j leaves %j', (words, ids) => {
  expect(VIEWS.filter(parseFilter(words)).map(({ id }) => id)).toEqual(ids)
})

test.each(['state', 'state=', 'colour=red', '=x', 'failed'])('%j is no filter', (word) => {
  expect(() => parseFilter([word])).toThrow(/is no filter/)
})

const settled = (
  done: number,
  outcome: RecoveryResult['outcome'] = 'recovered',
): Event<'recover'> => ({
  type: 'settled',
  result: { sessionId: `s${done}`, outcome, attempts: 1, durations: { total: 1 } },
  done,
  total: 4,
})

test('the bar says how far it is, how fast, and how long it takes', () => {
  let progress = begin(4, 0)
  expect(renderBar(progress, 0, 80)).toBe('░░░░░░░░░░░░░░░░░░░░  0/4')
  progress = seen(seen(progress, settled(1)), settled(2, 'failed'))
  expect(renderBar(progress, 4_000, 80)).toBe(
    '██████████░░░░░░░░░░  2/4 · 1 failed · 0.5/s · 4s left',
  )
  expect(renderBar(progress, 4_000, 30)).toHaveLength(30)
  progress = seen(seen(progress, settled(3)), settled(4))
  expect(renderLine(progress, 8_000)).toBe('4/4 · 1 failed')
})

test('a pause takes the place of the time that is left', () => {
  const paused = seen(seen(begin(4, 0), settled(1)), {
    type: 'paused',
    outage: 'whatsapp',
    cause: 'unreachable',
    since: 0,
    probes: 0,
  })
  expect(renderLine(paused, 1_000)).toBe('1/4 · 1.0/s · waiting: WhatsApp is away')
  const resumed = seen(paused, { type: 'resumed', outage: 'whatsapp', pausedMs: 1_000 })
  expect(renderLine(resumed, 1_000)).toBe('1/4 · 1.0/s · 3s left')
})

test('plans are a table with the reasons', () => {
  const text = renderPlans([
    { sessionId: 'anna', action: 'restore', why: 'this disk does not have it', notes: ['b'] },
    { sessionId: 'ben', action: 'refuse', cause: 'damaged', why: 'its record is damaged' },
  ])
  expect(text).toMatch(/^SESSION +WOULD +CAUSE +WHY\n/)
  expect(text).toMatch(/anna +restore, connect +this disk does not have it; b\n/)
  expect(text).toMatch(/ben +refuse +damaged +its record is damaged\n/)
})
