import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { METRIC_NAMES } from '../../../src/metrics/table.ts'
import { SESSION_STATES } from '../../../src/session/state.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** What a scrape gives beside our own: of the process, and of Prometheus itself. */
function usual(): Set<string> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const names = registry.getMetricsAsArray().map(({ name }) => name)
  registry.clear()
  return new Set([...names, 'up'])
}

const series = (name: string) => [
  name,
  ...['bucket', 'sum', 'count'].map((end) => `${name}_${end}`),
]
const KNOWN = new Set([...METRIC_NAMES.flatMap(series), ...usual()])

/** Every name in an expression that a metric of ours or of the process could have. */
const named = (text: string) =>
  text.match(/\b(?:wa_gateway|nodejs|process)_[a-z0-9_]+|\bup(?={)/g) ?? []

test.each([
  'deploy/grafana/wa-gateway.json',
  'deploy/prometheus/alerts.yaml',
  'deploy/prometheus/alerts.test.yaml',
])('%s asks for metrics that there are', (path) => {
  const names = named(read(path))
  expect(names.length).toBeGreaterThan(5)
  expect(names.filter((name) => !KNOWN.has(name))).toEqual([])
})

interface Panel {
  id: number
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: { expr: string; legendFormat: string }[]
}
const { panels } = JSON.parse(read('deploy/grafana/wa-gateway.json')) as { panels: Panel[] }

test('panels of the dashboard have ids of their own and do not overlap', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const taken = new Map<string, string>()
  for (const { title, gridPos } of panels)
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken.get(`${x},${y}`), `${title} at ${x},${y}`).toBeUndefined()
        taken.set(`${x},${y}`, title)
      }
})

test('the dashboard asks for states that there are', () => {
  const asked = read('deploy/grafana/wa-gateway.json').matchAll(/state=~?\\"([a-z|-]+)/g)
  const states = [...asked].flatMap(([, list = '']) => list.split('|'))
  expect(states.length).toBeGreaterThan(3)
  expect(SESSION_STATES).toEqual(expect.arrayContaining(states))
})

test('every panel asks for the chosen workers alone', () => {
  for (const { type, title, targets = [] } of panels) {
    expect(targets.length > 0, title).toBe(type !== 'row')
    for (const { expr } of targets) expect(expr, title).toContain('instance=~"$instance"')
  }
})
