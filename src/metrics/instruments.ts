import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { definition, METRIC_NAMES, type MetricName, type METRICS } from './table.ts'

type Table = typeof METRICS
type LabelOf<N extends MetricName> = Table[N] extends {
  labels: readonly (infer L extends string)[]
}
  ? L
  : never
type InstrumentOf<N extends MetricName> = {
  gauge: Gauge<LabelOf<N>>
  counter: Counter<LabelOf<N>>
  histogram: Histogram<LabelOf<N>>
}[Table[N]['type']]

/** One instrument for each row of the table. */
export type Instruments = { readonly [N in MetricName]: InstrumentOf<N> }

/** Makes the instruments. `registry` gets them all, those per session only where they are wanted. */
export function createInstruments(
  registry: Registry,
  { perSession }: { perSession: boolean },
): Instruments {
  const made = METRIC_NAMES.map((name) => {
    const hidden = definition(name).perSession && !perSession
    return [name, instrument(name, hidden ? [] : [registry])] as const
  })
  // Each is of its row's type; a loop over all of them cannot keep that.
  return Object.fromEntries(made) as unknown as Instruments
}

function instrument(name: MetricName, registers: Registry[]): Gauge | Counter | Histogram {
  const { type, help, labels = [], buckets = [] } = definition(name)
  const settings = { name, help, labelNames: [...labels], registers }
  if (type === 'gauge') return new Gauge(settings)
  if (type === 'counter') return new Counter(settings)
  return new Histogram({ ...settings, buckets: [...buckets] })
}
