import { definition, METRIC_NAMES } from './table.ts'

const BEGIN = '<!-- metrics:begin -->'
const END = '<!-- metrics:end -->'

/** docs/METRICS.md with its table brought up to date; everything around the markers is kept. */
export function renderMetrics(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin === -1 || end < begin)
    throw new Error(`docs/METRICS.md has no ${BEGIN} … ${END} to put the metrics between`)
  return `${page.slice(0, begin)}${BEGIN}\n${table(false)}\n${PER_SESSION}\n\n${table(true)}${page.slice(end)}`
}

const PER_SESSION = 'With `WA_GATEWAY_METRICS_PER_SESSION=true` also:'

function table(perSession: boolean): string {
  const names = METRIC_NAMES.filter((name) => (definition(name).perSession ?? false) === perSession)
  const rows = names.map((name) => {
    const { type, labels = [], help } = definition(name)
    const shown = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${shown} | ${help.replaceAll('|', '\\|')} |`
  })
  return `${['| Metric | Type | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n')}\n`
}
