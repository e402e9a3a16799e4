// Writes what the tables of options and metrics say into the documents.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderExample, renderReadme } from '../src/config/render.ts'
import { renderMetrics } from '../src/metrics/render.ts'

const readme = new URL('../README.md', import.meta.url)
writeFileSync(readme, renderReadme(readFileSync(readme, 'utf8')))
writeFileSync(new URL('../.wa-gatewayrc.example', import.meta.url), renderExample())
const metrics = new URL('../docs/METRICS.md', import.meta.url)
writeFileSync(metrics, renderMetrics(readFileSync(metrics, 'utf8')))
